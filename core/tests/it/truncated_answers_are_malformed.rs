//! A truncated frame is reported as malformed, and never treated as the answer that it resembles.

use automoderate::{
    Event,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{entry, expect_content, expect_nothing, joined, log, logged, next};

async fn rejoin(script: &Script) -> (Connection, Option<u64>) {
    let mut server = script.accept_handshake().await;
    let asked = server.expect_event("join_project").await;
    (server, asked.ack)
}

#[tokio::test(start_paused = true)]
async fn a_join_is_asked_for_again() {
    let damaged = [
        r#"42["joined_project",{"event_id"?2,"log":"log-1","project_id":"p","replay":true}]"#,
        r#"42["joined_project",{"event_id":2,"log":"log-1","pro"#,
        r#"42["joined_project""#,
    ];
    for frame in damaged {
        for acknowledgement in ["[]", r#"[{"ok":true}]"#] {
            let script = Script::new();
            let (_client, project, server) = joined(&script, Some(log(0))).await;
            let mut events = project.events();
            server.emit("moderation_update", &logged(1));
            expect_content(&mut events, "c1").await;
            server.cut();
            let (mut server, ack) = rejoin(&script).await;
            server.send(frame);
            server.send(format!("43{}{acknowledgement}", ack.unwrap()));
            assert!(matches!(next(&mut events).await, Event::MalformedEvent(_)), "{frame}");
            // The deadline of the join decides.
            server.accept_join("p", Some(log(2))).await;
            server.accept_replay("p", 1, log(2), 1, &[entry(2)]).await;
            expect_content(&mut events, "c2").await;
            expect_nothing(&mut events).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_no_project() {
    let script = Script::new();
    let (_client, project, server) = joined(&script, Some(log(0))).await;
    let mut events = project.events();
    server.cut();
    let (mut server, _) = rejoin(&script).await;
    server.send(r#"42["error",{"message":"Server timeo"#);
    assert!(matches!(next(&mut events).await, Event::MalformedEvent(_)));
    server.accept_join("p", Some(log(0))).await;
    server.emit("moderation_update", &logged(1));
    expect_content(&mut events, "c1").await;
}

#[tokio::test(start_paused = true)]
async fn a_truncated_event_is_read_from_the_log() {
    let script = Script::new();
    let (client, project, mut server) = joined(&script, Some(log(0))).await;
    let mut events = project.events();
    // Its id is readable, its other fields are not.
    server
        .emit("moderation_update", &json!({"content_id": [], "project_id": "p", "status": "approved", "event_id": 1}));
    server.accept_replay("p", 0, log(1), 1, &[entry(1)]).await;
    expect_content(&mut events, "c1").await;
    expect_nothing(&mut events).await;
    assert_eq!(client.metrics().malformed, 1);
}
