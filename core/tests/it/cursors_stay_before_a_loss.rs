//! A project's cursor never passes a loss that a replay could still repair, so a restarted program can recover the
//! lost events.

use automoderate::{
    Event, GapReason, Overflow, Project,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{
    client_builder, connect, connected_client, event_log, expect_decision, join, joined_client, let_tasks_run,
    logged_decision, next_event, next_item,
};

async fn publish(server: &Connection, from: u64, to: u64) {
    (from..=to).for_each(|id| server.emit("moderation_update", &logged_decision(id)));
    let_tasks_run().await;
}

fn cursor_id(project: &Project) -> u64 {
    project.cursor().unwrap().event_id()
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_before_the_first_dropped_event() {
    for (overflow, before) in [(Overflow::DropOldest, 0), (Overflow::DropNewest, 4)] {
        let script = Script::new();
        let (client, mut server) = connect(client_builder(&script).event_buffer(4).overflow(overflow), &script).await;
        let project = join(&client, &mut server, "p", Some(event_log(0))).await;
        let mut events = project.events();
        publish(&server, 1, 10).await;
        let mut lagged = 0;
        for event in events.next_batch(100).await.unwrap() {
            if let Event::Lagged(notice) = event {
                lagged += notice.missed;
            }
        }
        assert_eq!(lagged, 6);
        assert_eq!(cursor_id(&project), before, "{overflow:?}");
        publish(&server, 11, 12).await;
        expect_decision(&mut events, "c11").await;
        assert_eq!(cursor_id(&project), before, "reading a later event does not recover the loss");
        let event = next_event(&mut events).await;
        assert_eq!(
            event.meta().cursor().unwrap().event_id(),
            12,
            "an event's own cursor does not depend on the project's"
        );
        drop(events);
        assert_eq!(cursor_id(&project), before);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_before_pages_that_the_server_did_not_return() {
    let (_client, project, mut server) = joined_client(&Script::new(), Some(event_log(10))).await;
    let mut events = project.events();
    publish(&server, 11, 11).await;
    expect_decision(&mut events, "c11").await;
    server.emit("moderation_update", &logged_decision(15));
    for _ in 0..5 {
        let asked = server.expect_event("replay_events").await;
        server.acknowledge(asked.ack.unwrap(), &json!({"error": "unavailable"}));
    }
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::ReplayFailed, Some(3)));
    expect_decision(&mut events, "c15").await;
    assert_eq!(cursor_id(&project), 11);
}

#[tokio::test(start_paused = true)]
async fn an_unread_stream_of_all_projects_holds_the_cursor_back() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let mut wide = client.events();
    let project = join(&client, &mut server, "p", Some(event_log(10))).await;
    let mut events = project.events();
    publish(&server, 11, 13).await;
    for id in 11..=13 {
        expect_decision(&mut events, &format!("c{id}")).await;
    }
    assert_eq!(cursor_id(&project), 10, "the other stream has not read anything");
    expect_decision(&mut wide, "c11").await;
    assert_eq!(cursor_id(&project), 11);
    drop(wide);
    assert_eq!(cursor_id(&project), 13);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_before_an_unread_backlog() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).event_buffer(4), &script).await;
    let project = join(&client, &mut server, "p", Some(event_log(0))).await;
    let mut events = project.events();
    publish(&server, 1, 10).await;
    for id in 1..=4 {
        expect_decision(&mut events, &format!("c{id}")).await;
    }
    client.close().await;
    let Some(Ok(Event::Lagged(lagged))) = next_item(&mut events).await else { panic!("expected a Lagged event") };
    assert_eq!((lagged.missed, cursor_id(&project)), (6, 4));
}
