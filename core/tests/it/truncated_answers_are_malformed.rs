//! A truncated frame is never mistaken for the answer that it resembles. It is reported as malformed; an event whose id
//! is still readable is read from the log instead.

use automoderate::{
    Event,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{
    event_log, expect_decision, expect_no_event, joined_client, logged_decision, next_event, page_entry,
};

async fn reconnect_and_expect_join(script: &Script) -> (Connection, Option<u64>) {
    let mut server = script.accept_handshake().await;
    let asked = server.expect_event("join_project").await;
    (server, asked.ack)
}

#[tokio::test(start_paused = true)]
async fn a_truncated_join_answer_leads_to_another_join() {
    let damaged = [
        r#"42["joined_project",{"event_id"?2,"log":"log-1","project_id":"p","replay":true}]"#,
        r#"42["joined_project",{"event_id":2,"log":"log-1","pro"#,
        r#"42["joined_project""#,
    ];
    for frame in damaged {
        for acknowledgement in ["[]", r#"[{"ok":true}]"#] {
            let script = Script::new();
            let (_client, project, server) = joined_client(&script, Some(event_log(0))).await;
            let mut events = project.events();
            server.emit("moderation_update", &logged_decision(1));
            expect_decision(&mut events, "c1").await;
            server.cut();
            let (mut server, ack) = reconnect_and_expect_join(&script).await;
            server.send(frame);
            server.send(format!("43{}{acknowledgement}", ack.unwrap()));
            assert!(matches!(next_event(&mut events).await, Event::MalformedEvent(_)), "{frame}");
            // The join times out, and the client repeats it.
            server.accept_join("p", Some(event_log(2))).await;
            server.accept_replay("p", 1, event_log(2), 1, &[page_entry(2)]).await;
            expect_decision(&mut events, "c2").await;
            expect_no_event(&mut events).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_error_ends_no_project() {
    let script = Script::new();
    let (_client, project, server) = joined_client(&script, Some(event_log(0))).await;
    let mut events = project.events();
    server.cut();
    let (mut server, _) = reconnect_and_expect_join(&script).await;
    server.send(r#"42["error",{"message":"Server timeo"#);
    assert!(matches!(next_event(&mut events).await, Event::MalformedEvent(_)));
    server.accept_join("p", Some(event_log(0))).await;
    server.emit("moderation_update", &logged_decision(1));
    expect_decision(&mut events, "c1").await;
}

#[tokio::test(start_paused = true)]
async fn a_truncated_event_is_read_from_the_log() {
    let script = Script::new();
    let (client, project, mut server) = joined_client(&script, Some(event_log(0))).await;
    let mut events = project.events();
    // The event's id is readable, but its `content_id` is not.
    server
        .emit("moderation_update", &json!({"content_id": [], "project_id": "p", "status": "approved", "event_id": 1}));
    server.accept_replay("p", 0, event_log(1), 1, &[page_entry(1)]).await;
    expect_decision(&mut events, "c1").await;
    expect_no_event(&mut events).await;
    assert_eq!(client.metrics().malformed, 1);
}
