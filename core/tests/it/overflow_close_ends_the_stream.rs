//! With `Overflow::Close`, a stream whose reader is too slow delivers its buffered events and then ends with an error.

use automoderate::{Overflow, testing::Script};

use crate::common::{
    client_builder, connect, decision_payload, event_log, expect_decision, join, let_tasks_run, logged_decision,
    next_item,
};

#[tokio::test(start_paused = true)]
async fn buffered_events_precede_the_error() {
    let script = Script::new();
    let (client, mut server) =
        connect(client_builder(&script).event_buffer(2).overflow(Overflow::Close), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let (mut slow, mut quick) = (project.events(), project.events());
    for content in ["a", "b", "c", "d"] {
        server.emit("moderation_update", &decision_payload(content));
        let_tasks_run().await;
        expect_decision(&mut quick, content).await;
    }
    expect_decision(&mut slow, "a").await;
    expect_decision(&mut slow, "b").await;
    let error = next_item(&mut slow).await.expect("an error").unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("overflow", true));
    assert!(next_item(&mut slow).await.is_none());
    assert!(client.state().is_connected(), "other streams continue");
    // A new stream can replace the closed stream.
    let mut next = project.events();
    server.emit("moderation_update", &decision_payload("e"));
    expect_decision(&mut next, "e").await;
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_at_the_last_event_read() {
    let script = Script::new();
    let (client, mut server) =
        connect(client_builder(&script).event_buffer(2).overflow(Overflow::Close), &script).await;
    let project = join(&client, &mut server, "p", Some(event_log(0))).await;
    let mut events = project.events();
    (1..=5).for_each(|id| server.emit("moderation_update", &logged_decision(id)));
    let_tasks_run().await;
    expect_decision(&mut events, "c1").await;
    expect_decision(&mut events, "c2").await;
    assert_eq!(next_item(&mut events).await.expect("an error").unwrap_err().code(), "overflow");
    assert_eq!(project.cursor().unwrap().event_id(), 2);
}
