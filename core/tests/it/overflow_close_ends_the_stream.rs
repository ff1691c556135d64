//! `Overflow::Close`: a stream whose reader is too slow ends with an error after its buffered events.

use automoderate::{Overflow, testing::Script};

use crate::common::{builder, connect, expect_content, item, join, log, logged, settle, update};

#[tokio::test(start_paused = true)]
async fn the_events_in_the_buffer_come_first() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).event_buffer(2).overflow(Overflow::Close), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let (mut slow, mut quick) = (project.events(), project.events());
    for content in ["a", "b", "c", "d"] {
        server.emit("moderation_update", &update(content));
        settle().await;
        expect_content(&mut quick, content).await;
    }
    expect_content(&mut slow, "a").await;
    expect_content(&mut slow, "b").await;
    let error = item(&mut slow).await.expect("an error").unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("overflow", true));
    assert!(item(&mut slow).await.is_none());
    assert!(client.state().is_connected(), "other streams continue");
    // A new stream takes its place.
    let mut next = project.events();
    server.emit("moderation_update", &update("e"));
    expect_content(&mut next, "e").await;
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_at_what_was_read() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).event_buffer(2).overflow(Overflow::Close), &script).await;
    let project = join(&client, &mut server, "p", Some(log(0))).await;
    let mut events = project.events();
    (1..=5).for_each(|id| server.emit("moderation_update", &logged(id)));
    settle().await;
    expect_content(&mut events, "c1").await;
    expect_content(&mut events, "c2").await;
    assert_eq!(item(&mut events).await.expect("an error").unwrap_err().code(), "overflow");
    assert_eq!(project.cursor().unwrap().event_id(), 2);
}
