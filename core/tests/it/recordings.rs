//! Sessions of deployed servers, byte for byte as recorded on the wire. Lines are frames of the server (`S`) and of the
//! recorded stock client (`C`).

use automoderate::{Event, ModeratorType, Status, testing::Script};

use crate::common::{builder, expect_nothing, next};

const SESSION: &str = include_str!("recorded/websocket_session.txt");
const PROJECT: &str = "76e868d6-9306-4805-a2f3-e7d7e36fa799";

/// Frames of the server that contain this text.
fn frames(words: &str) -> impl Iterator<Item = &'static str> {
    SESSION.lines().filter_map(|line| line.strip_prefix("S ")).filter(move |frame| frame.contains(words))
}

fn frame(words: &str) -> &'static str {
    frames(words).next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_websocket_session() {
    let script = Script::new();
    let server = async {
        let mut server = script.accept().await;
        server.send(frame("0{"));
        server.expect("40").await;
        server.send(frame("\"connected\""));
        server.send(frame("40{"));
        server
    };
    let (client, mut server) = tokio::join!(builder(&script).connect(), server);
    let client = client.unwrap();

    for (words, code) in [
        ("Project 9f561542", "project_not_found"),
        ("Access denied", "access_denied"),
        ("Project ID required", "invalid_argument"),
        ("Invalid project ID format", "invalid_argument"),
    ] {
        let (refused, ()) = tokio::join!(client.join("x"), async {
            let asked = server.expect_event("join_project").await;
            server.send(frame(words));
            server.send(format!("43{}[]", asked.ack.unwrap()));
        });
        let error = refused.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    // A failure of the server is retried within the timeout.
    let (project, ()) = tokio::join!(client.join(PROJECT), async {
        server.expect_event("join_project").await;
        server.send(frame("Server error occurred"));
        let asked = server.expect_event("join_project").await;
        server.send(frame("\"joined_project\""));
        server.send(format!("43{}[]", asked.ack.unwrap()));
    });
    let project = project.unwrap();
    let mut events = project.events();

    let recorded: Vec<_> = frames("\"moderation_update\"").collect();
    assert_eq!(recorded.len(), 20);
    recorded.iter().for_each(|frame| server.send(*frame));
    for frame in recorded {
        let Event::ModerationUpdate(update) = next(&mut events).await else { panic!("{frame}") };
        assert!(frame.contains(&update.content_id));
        assert_eq!(update.project_id.as_deref(), Some(PROJECT));
        assert!(matches!(update.status, Status::Approved | Status::Rejected | Status::Flagged));
        assert_eq!(update.moderator_type, Some(ModeratorType::Rule));
        assert!(update.timestamp.to_rfc3339().unwrap().ends_with('Z'));
        assert!(update.processing_time.unwrap() > 0.0);
        assert!(update.extra.is_empty(), "{:?}", update.extra);
        let payload = update.meta.payload().unwrap().as_str();
        assert_eq!(frame, format!(r#"42["moderation_update",{payload}]"#), "the payload is kept as it came");
    }
    let (left, ()) = tokio::join!(project.leave(), async {
        let asked = server.expect_event("leave_project").await;
        server.send(frame("\"left_project\""));
        server.send(format!("43{}[]", asked.ack.unwrap()));
    });
    left.unwrap();
    let metrics = client.metrics();
    assert_eq!((metrics.malformed, metrics.gaps, metrics.duplicates), (0, 0, 0));
    let (frames, ()) = tokio::join!(server.closed(), client.close());
    assert_eq!(frames, ["41", "1"], "as the stock client says goodbye");
}

/// `sio516_nocookie`: a refusal by the older kind of deployed server, up to the raw HTTP after CLOSE.
#[tokio::test(start_paused = true)]
async fn a_refusal() {
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
    let client = builder(&script).build().unwrap();
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

/// Polling session of the stock client: after the upgrade, the early `connected` and the acknowledgement come on the
/// WebSocket. Here as the frames that a transport passes on.
#[tokio::test(start_paused = true)]
async fn an_upgraded_session() {
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
    let (client, _server) = tokio::join!(builder(&script).connect(), server);
    let client = client.unwrap();
    expect_nothing(&mut client.events()).await;
    assert!(client.state().is_connected());
}
