//! A program with default options that resumes from its cursor receives everything, however slow it is and however much
//! it missed: the replay follows the reader.

use std::time::Duration;

use automoderate::{
    Client, Event, Project,
    testing::{Connection, Script},
};
use serde_json::json;

use crate::common::{connected, expect_content, log, logged, next, settle};

const MISSED: u64 = 20_000;
/// Default of `event_buffer`.
const BUFFER: u64 = 1024;

async fn resume(after: &str) -> (Client, Project, Connection) {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let (project, ()) = tokio::join!(client.join_after("p", after), server.accept_join("p", Some(log(MISSED))));
    (client, project.unwrap(), server)
}

/// Answers one request for a page. Returns the last event's id.
async fn serve(server: &mut Connection) -> u64 {
    let asked = server.expect_event("replay_events").await;
    let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
    let last = (after + limit.min(500)).min(MISSED);
    let page: Vec<_> = (after + 1..=last).map(|id| json!({"event": "moderation_update", "data": logged(id)})).collect();
    let page = json!({"events": page, "head": MISSED, "oldest": 1, "log": "log-1"});
    server.acknowledge(asked.ack.unwrap(), &page);
    last
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_receives_each_event_once_and_in_order() {
    let (client, project, mut server) = resume("log-1:0").await;
    let mut events = project.events();
    let serving = async {
        loop {
            serve(&mut server).await;
        }
    };
    let reading = async {
        for id in 1..=MISSED {
            let event = next(&mut events).await;
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
    assert_eq!((client.metrics().gaps, client.metrics().replayed), (0, MISSED), "each page is asked for once");
}

#[tokio::test(start_paused = true)]
async fn no_page_is_requested_without_room_for_it() {
    let (_client, project, mut server) = resume("log-1:0").await;
    let mut last = 0;
    // Nobody reads, and no stream has been taken.
    while let Ok(served) = tokio::time::timeout(Duration::from_secs(60), serve(&mut server)).await {
        last = served;
    }
    assert!(last <= BUFFER, "{last} events for a buffer of {BUFFER}");
    assert_eq!(project.cursor().unwrap().event_id(), 0);
    let mut events = project.events();
    for id in 1..=last / 2 + 1 {
        expect_content(&mut events, &format!("c{id}")).await;
    }
    let more = tokio::time::timeout(Duration::from_secs(60), serve(&mut server)).await;
    assert!(more.expect("a page when there is room") > last);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_goes_makes_room_for_the_others() {
    let (client, project, mut server) = resume("log-1:0").await;
    let unread = project.events();
    let mut last = 0;
    while let Ok(served) = tokio::time::timeout(Duration::from_secs(60), serve(&mut server)).await {
        last = served;
    }
    let mut wide = client.events();
    drop(unread);
    let more = tokio::time::timeout(Duration::from_secs(60), serve(&mut server)).await;
    assert!(more.expect("a page for the reader that is left") > last);
    settle().await;
    assert_eq!(next(&mut wide).await.event_id(), Some(last + 1));
}
