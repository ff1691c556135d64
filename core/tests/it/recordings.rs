//! Sessions with deployed servers, byte for byte as recorded. In `recorded/websocket_session.txt`, `S` marks frames
//! from the server and `C` marks frames from a stock Socket.IO client.

use automoderate::{Event, ModeratorType, Status, testing::Script};

use crate::common::{client_builder, expect_no_event, next_event};

const WEBSOCKET_SESSION: &str = include_str!("recorded/websocket_session.txt");
const RECORDED_PROJECT: &str = "76e868d6-9306-4805-a2f3-e7d7e36fa799";

/// Returns the recorded server frames that contain this text.
fn server_frames(words: &str) -> impl Iterator<Item = &'static str> {
    WEBSOCKET_SESSION.lines().filter_map(|line| line.strip_prefix("S ")).filter(move |frame| frame.contains(words))
}

fn server_frame(words: &str) -> &'static str {
    server_frames(words).next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_recorded_websocket_session_is_followed() {
    let script = Script::new();
    let server = async {
        let mut server = script.accept().await;
        server.send(server_frame("0{"));
        server.expect("40").await;
        server.send(server_frame("\"connected\""));
        server.send(server_frame("40{"));
        server
    };
    let (client, mut server) = tokio::join!(client_builder(&script).connect(), server);
    let client = client.unwrap();

    for (words, code) in [
        ("Project 9f561542", "project_not_found"),
        ("Access denied", "access_denied"),
        ("Project ID required", "invalid_argument"),
        ("Invalid project ID format", "invalid_argument"),
    ] {
        let (refused, ()) = tokio::join!(client.join("x"), async {
            let asked = server.expect_event("join_project").await;
            server.send(server_frame(words));
            server.send(format!("43{}[]", asked.ack.unwrap()));
        });
        let error = refused.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    // A join that fails with a server error is retried within the join timeout.
    let (project, ()) = tokio::join!(client.join(RECORDED_PROJECT), async {
        server.expect_event("join_project").await;
        server.send(server_frame("Server error occurred"));
        let asked = server.expect_event("join_project").await;
        server.send(server_frame("\"joined_project\""));
        server.send(format!("43{}[]", asked.ack.unwrap()));
    });
    let project = project.unwrap();
    let mut events = project.events();

    let recorded: Vec<_> = server_frames("\"moderation_update\"").collect();
    assert_eq!(recorded.len(), 20);
    recorded.iter().for_each(|frame| server.send(*frame));
    for frame in recorded {
        let Event::ModerationUpdate(update) = next_event(&mut events).await else { panic!("{frame}") };
        assert!(frame.contains(&update.content_id));
        assert_eq!(update.project_id.as_deref(), Some(RECORDED_PROJECT));
        assert!(matches!(update.status, Status::Approved | Status::Rejected | Status::Flagged));
        assert_eq!(update.moderator_type, Some(ModeratorType::Rule));
        assert!(update.timestamp.to_rfc3339().unwrap().ends_with('Z'));
        assert!(update.processing_time.unwrap() > 0.0);
        assert!(update.extra.is_empty(), "{:?}", update.extra);
        let payload = update.meta.payload().unwrap().as_str();
        assert_eq!(frame, format!(r#"42["moderation_update",{payload}]"#), "the payload is kept verbatim");
    }
    let (left, ()) = tokio::join!(project.leave(), async {
        let asked = server.expect_event("leave_project").await;
        server.send(server_frame("\"left_project\""));
        server.send(format!("43{}[]", asked.ack.unwrap()));
    });
    left.unwrap();
    let metrics = client.metrics();
    assert_eq!((metrics.malformed, metrics.gaps, metrics.duplicates), (0, 0, 0));
    let (frames, ()) = tokio::join!(server.closed(), client.close());
    assert_eq!(frames, ["41", "1"], "the client must close like the stock client");
}

/// Plays back a recording in which an older deployed server refuses a client without a session cookie, and then sends
/// raw HTTP.
#[tokio::test(start_paused = true)]
async fn a_recorded_refusal_is_understood() {
    let script = Script::new();
    let server = async {
        let mut frames = Vec::new();
        for _ in 0..4 {
            let mut server = script.accept().await;
            server.send(
                r#"0{"sid":"niIRLowzmEgmCIRMAAA2","upgrades":[],"pingTimeout":120000,"pingInterval":25000,"maxPayload":1000000}"#,
            );
            server.expect("40").await;
            server.send("41");
            server.send(r#"40{"sid":"ZasxwzJh1EPmxbv0AAA3"}"#);
            server.send("/1.1 500 INTERNAL SERVER ERROR\r\nServer: Werkzeug/3.1.5 Python/3.11.7\r\n");
            frames.extend(server.closed().await);
        }
        frames
    };
    let client = client_builder(&script).build().unwrap();
    let mut events = client.events();
    let (result, frames) = tokio::join!(client.connect(), server);
    assert_eq!(result.unwrap_err().code(), "authentication_failed");
    assert!(frames.is_empty());
    assert_eq!(events.next().await.unwrap().unwrap_err().code(), "authentication_failed");
    expect_ended(&mut events).await;
}

async fn expect_ended(events: &mut automoderate::EventStream) {
    assert!(events.next().await.is_none());
}

/// Plays back a recording of the stock client with polling. After the upgrade, the early `connected` and the
/// acknowledgement arrive on the WebSocket. The test uses the frames that the transport passes to the session.
#[tokio::test(start_paused = true)]
async fn a_recorded_upgrade_is_followed() {
    let script = Script::new();
    let server = async {
        let mut server = script.accept().await;
        server.send(
            r#"0{"sid":"75r0fh4M2Dn4KIpsAAAE","upgrades":["websocket"],"pingTimeout":120000,"pingInterval":25000,"maxPayload":1000000}"#,
        );
        server.expect("40").await;
        server.send("6");
        server.send("6");
        server.send(r#"42["connected",{"message":"Connected to AutoModerate"}]"#);
        server.send(r#"40{"sid":"crmH_CkuYMKUzntZAAAF"}"#);
        server
    };
    let (client, _server) = tokio::join!(client_builder(&script).connect(), server);
    let client = client.unwrap();
    expect_no_event(&mut client.events()).await;
    assert!(client.state().is_connected());
}
