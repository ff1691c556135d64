//! A program with default options that resumes from its cursor receives every event, however slowly it reads and
//! however many events it missed, because the replay waits for the reader.

use std::time::Duration;

use automoderate::{
    Client, Event, Project,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{connected_client, event_log, expect_decision, let_tasks_run, logged_decision, next_event};

const MISSED_EVENTS: u64 = 20_000;
/// The default of `event_buffer`.
const DEFAULT_EVENT_BUFFER: u64 = 1024;

async fn join_after_cursor(after: &str) -> (Client, Project, Connection) {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let (project, ()) =
        tokio::join!(client.join_after("p", after), server.accept_join("p", Some(event_log(MISSED_EVENTS))));
    (client, project.unwrap(), server)
}

/// Answers one request for a page and returns the id of the page's last event.
async fn serve_page(server: &mut Connection) -> u64 {
    let asked = server.expect_event("replay_events").await;
    let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
    let last = (after + limit.min(500)).min(MISSED_EVENTS);
    let page: Vec<_> =
        (after + 1..=last).map(|id| json!({"event": "moderation_update", "data": logged_decision(id)})).collect();
    let page = json!({"events": page, "head": MISSED_EVENTS, "oldest": 1, "log": "log-1"});
    server.acknowledge(asked.ack.unwrap(), &page);
    last
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_receives_each_event_once_and_in_order() {
    let (client, project, mut server) = join_after_cursor("log-1:0").await;
    let mut events = project.events();
    let serving = async {
        loop {
            serve_page(&mut server).await;
        }
    };
    let reading = async {
        for id in 1..=MISSED_EVENTS {
            let event = next_event(&mut events).await;
            assert!(!matches!(event, Event::Lagged(_) | Event::Gap(_)), "{event:?}");
            assert_eq!(event.event_id(), Some(id));
            assert_eq!(project.cursor().unwrap().event_id(), id);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = serving => {}
        () = reading => {}
    }
    assert_eq!(
        (client.metrics().gaps, client.metrics().replayed),
        (0, MISSED_EVENTS),
        "each page must be requested once"
    );
}

#[tokio::test(start_paused = true)]
async fn no_page_is_requested_without_room_in_the_buffer() {
    let (_client, project, mut server) = join_after_cursor("log-1:0").await;
    let mut last = 0;
    // No stream has been created yet, so nobody empties the buffer that the join reserved for the first stream.
    while let Ok(served) = tokio::time::timeout(Duration::from_secs(60), serve_page(&mut server)).await {
        last = served;
    }
    assert!(last <= DEFAULT_EVENT_BUFFER, "{last} events for a buffer of {DEFAULT_EVENT_BUFFER}");
    assert_eq!(project.cursor().unwrap().event_id(), 0);
    let mut events = project.events();
    for id in 1..=last / 2 + 1 {
        expect_decision(&mut events, &format!("c{id}")).await;
    }
    let more = tokio::time::timeout(Duration::from_secs(60), serve_page(&mut server)).await;
    assert!(more.expect("a request for a page, because there is room") > last);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_reader_makes_room_for_the_others() {
    let (client, project, mut server) = join_after_cursor("log-1:0").await;
    let unread = project.events();
    let mut last = 0;
    while let Ok(served) = tokio::time::timeout(Duration::from_secs(60), serve_page(&mut server)).await {
        last = served;
    }
    let mut wide = client.events();
    drop(unread);
    let more = tokio::time::timeout(Duration::from_secs(60), serve_page(&mut server)).await;
    assert!(more.expect("a request for a page, because a reader remains") > last);
    let_tasks_run().await;
    assert_eq!(next_event(&mut wide).await.event_id(), Some(last + 1));
}
