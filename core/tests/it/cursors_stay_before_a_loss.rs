//! A project's cursor never passes a loss that a replay could recover: a program restarted from it receives the lost
//! events.

use automoderate::{
    Event, GapReason, Overflow, Project,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{builder, connect, connected, expect_content, item, join, joined, log, logged, next, settle};

async fn publish(server: &Connection, from: u64, to: u64) {
    (from..=to).for_each(|id| server.emit("moderation_update", &logged(id)));
    settle().await;
}

fn cursor(project: &Project) -> u64 {
    project.cursor().unwrap().event_id()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_drops_events_keeps_the_cursor_before_the_first_of_them() {
    for (overflow, before) in [(Overflow::DropOldest, 0), (Overflow::DropNewest, 4)] {
        let script = Script::new();
        let (client, mut server) = connect(builder(&script).event_buffer(4).overflow(overflow), &script).await;
        let project = join(&client, &mut server, "p", Some(log(0))).await;
        let mut events = project.events();
        publish(&server, 1, 10).await;
        let mut lagged = 0;
        for event in events.next_batch(100).await.unwrap() {
            if let Event::Lagged(notice) = event {
                lagged += notice.missed;
            }
        }
        assert_eq!(lagged, 6);
        assert_eq!(cursor(&project), before, "{overflow:?}");
        publish(&server, 11, 12).await;
        expect_content(&mut events, "c11").await;
        assert_eq!(cursor(&project), before, "a later event does not make the loss good");
        let event = next(&mut events).await;
        assert_eq!(event.meta().cursor().unwrap().event_id(), 12, "an event's own cursor is its own");
        drop(events);
        assert_eq!(cursor(&project), before);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_the_server_did_not_return_keep_the_cursor_before_them() {
    let (_client, project, mut server) = joined(&Script::new(), Some(log(10))).await;
    let mut events = project.events();
    publish(&server, 11, 11).await;
    expect_content(&mut events, "c11").await;
    server.emit("moderation_update", &logged(15));
    for _ in 0..5 {
        let asked = server.expect_event("replay_events").await;
        server.acknowledge(asked.ack.unwrap(), &json!({"error": "unavailable"}));
    }
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::ReplayFailed, Some(3)));
    expect_content(&mut events, "c15").await;
    assert_eq!(cursor(&project), 11);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_all_projects_holds_the_cursor_before_its_first_event() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let mut wide = client.events();
    let project = join(&client, &mut server, "p", Some(log(10))).await;
    let mut events = project.events();
    publish(&server, 11, 13).await;
    for id in 11..=13 {
        expect_content(&mut events, &format!("c{id}")).await;
    }
    assert_eq!(cursor(&project), 10, "the other stream has not read anything");
    expect_content(&mut wide, "c11").await;
    assert_eq!(cursor(&project), 11);
    drop(wide);
    assert_eq!(cursor(&project), 13);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_waits_until_a_full_stream_has_read_its_backlog() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).event_buffer(4), &script).await;
    let project = join(&client, &mut server, "p", Some(log(0))).await;
    let mut events = project.events();
    publish(&server, 1, 10).await;
    for id in 1..=4 {
        expect_content(&mut events, &format!("c{id}")).await;
    }
    client.close().await;
    let Some(Ok(Event::Lagged(lagged))) = item(&mut events).await else { panic!("no notice of the loss") };
    assert_eq!((lagged.missed, cursor(&project)), (6, 4));
}
