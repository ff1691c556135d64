//! `Overflow::Replay`: events that found no room in a stream are read from the server's log once the reader has room.

use std::time::Duration;

use automoderate::{
    Client, Event, EventStream, GapReason, Overflow, Project,
    testing::{Connection, EventLog, Script},
};
use serde_json::json;

use crate::common::{
    builder, connect, entry, expect_content, expect_nothing, item, join, log, logged, next, settle, update,
};

const BUFFER: usize = 8;

/// A client whose streams buffer eight events; the log of its project ends with event 0.
async fn slow(script: &Script) -> (Client, Project, Connection) {
    let (client, mut server) = connect(builder(script).event_buffer(BUFFER).overflow(Overflow::Replay), script).await;
    let project = join(&client, &mut server, "p", Some(log(0))).await;
    (client, project, server)
}

async fn publish(server: &Connection, from: u64, to: u64) {
    (from..=to).for_each(|id| server.emit("moderation_update", &logged(id)));
    settle().await;
}

async fn expect(events: &mut EventStream, from: u64, to: u64) {
    for id in from..=to {
        expect_content(events, &format!("c{id}")).await;
    }
}

async fn expect_gap(events: &mut EventStream, reason: GapReason, missed: Option<u64>) {
    let Event::Gap(gap) = next(events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (reason, missed));
}

#[tokio::test(start_paused = true)]
async fn everything_comes_once_and_in_order() {
    let script = Script::new();
    let (client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 1000).await;
    assert_eq!(server.try_recv(), None, "a full stream asks for nothing");
    let serve = async {
        loop {
            let asked = server.expect_event("replay_events").await;
            let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
            assert!((1..=BUFFER as u64).contains(&limit), "no more than there is room for: {limit}");
            let page: Vec<_> = (after + 1..=(after + limit).min(1000))
                .map(|id| json!({"event": "moderation_update", "data": logged(id)}))
                .collect();
            let page = json!({"events": page, "head": 1000, "oldest": 1, "log": "log-1"});
            server.acknowledge(asked.ack.unwrap(), &page);
        }
    };
    tokio::select! {
        () = serve => {}
        () = expect(&mut events, 1, 1000) => {}
    }
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:1000");
    assert_eq!(client.metrics().gaps, 0);
    publish(&server, 1001, 1005).await;
    expect(&mut events, 1001, 1005).await;
    expect_nothing(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn a_quick_reader_is_not_held_up_by_a_slow_one() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let (mut slow, mut quick) = (project.events(), project.events());
    for id in 1..=20 {
        publish(&server, id, id).await;
        expect(&mut quick, id, id).await;
    }
    expect(&mut slow, 1, 8).await;
    settle().await;
    server.accept_replay("p", 8, log(20), 1, &(9..=16).map(entry).collect::<Vec<_>>()).await;
    expect(&mut slow, 9, 16).await;
    settle().await;
    server.accept_replay("p", 16, log(20), 1, &(17..=20).map(entry).collect::<Vec<_>>()).await;
    expect(&mut slow, 17, 20).await;
    publish(&server, 21, 21).await;
    expect(&mut slow, 21, 21).await;
    expect(&mut quick, 21, 21).await;
}

#[tokio::test(start_paused = true)]
async fn events_that_arrive_during_the_catch_up_are_not_missed() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect(&mut events, 1, 8).await;
    settle().await;
    // Published after the page was made and before it is read, and before the next one.
    publish(&server, 13, 14).await;
    server.accept_replay("p", 8, log(12), 1, &(9..=12).map(entry).collect::<Vec<_>>()).await;
    settle().await;
    server.accept_replay("p", 12, log(14), 1, &(13..=14).map(entry).collect::<Vec<_>>()).await;
    publish(&server, 15, 15).await;
    expect(&mut events, 9, 15).await;
    expect_nothing(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_in_a_page_before_its_publication_arrives_once() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect(&mut events, 1, 8).await;
    // 13 and 14 are already in the log, and in transit.
    server.accept_replay("p", 8, log(14), 1, &(9..=14).map(entry).collect::<Vec<_>>()).await;
    expect(&mut events, 9, 12).await;
    publish(&server, 13, 15).await;
    expect(&mut events, 13, 15).await;
    expect_nothing(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_only_delays_it() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect(&mut events, 1, 8).await;
    server.expect_event("replay_events").await;
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(log(12))).await;
    server.accept_replay("p", 8, log(12), 1, &(9..=12).map(entry).collect::<Vec<_>>()).await;
    expect(&mut events, 9, 12).await;
    expect_nothing(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn events_that_expire_in_the_meantime_are_a_gap() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 20).await;
    expect(&mut events, 1, 8).await;
    server.accept_replay("p", 8, log(20), 15, &(15..=20).map(entry).collect::<Vec<_>>()).await;
    expect_gap(&mut events, GapReason::Expired, Some(6)).await;
    assert_eq!(project.cursor().unwrap().event_id(), 14);
    expect(&mut events, 15, 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_replaced_is_a_gap() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect(&mut events, 1, 8).await;
    let asked = server.expect_event("replay_events").await;
    let page = json!({"events": [], "head": 3, "oldest": 1, "log": "log-2"});
    server.acknowledge(asked.ack.unwrap(), &page);
    expect_gap(&mut events, GapReason::LogChanged, None).await;
    publish(&server, 13, 13).await;
    expect(&mut events, 13, 13).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_log_that_was_replaced_during_an_interruption_nothing_is_missed() {
    let script = Script::new();
    let (_client, project, server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(EventLog::new("log-2", 3))).await;
    publish(&server, 4, 9).await;
    expect(&mut events, 1, 8).await;
    // After the gap, the events of the new log.
    expect_gap(&mut events, GapReason::LogChanged, None).await;
    let page: Vec<_> = (4..=9).map(entry).collect();
    server.accept_replay("p", 3, EventLog::new("log-2", 9), 1, &page).await;
    expect(&mut events, 4, 9).await;
    assert_eq!(project.cursor().unwrap().to_string(), "log-2:9");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_a_gap_in_the_end() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect(&mut events, 1, 8).await;
    for _ in 0..5 {
        let asked = server.expect_event("replay_events").await;
        server.acknowledge(asked.ack.unwrap(), &json!({"error": "Server error occurred"}));
    }
    expect_gap(&mut events, GapReason::ReplayFailed, Some(4)).await;
    publish(&server, 13, 13).await;
    expect(&mut events, 13, 13).await;
}

#[tokio::test(start_paused = true)]
async fn failures_of_one_connection_do_not_count_on_the_next() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect(&mut events, 1, 8).await;
    for _ in 0..3 {
        for _ in 0..3 {
            let asked = server.expect_event("replay_events").await;
            server.acknowledge(asked.ack.unwrap(), &json!({"error": "Server error occurred"}));
        }
        server.cut();
        server = script.accept_handshake().await;
        server.accept_join("p", Some(log(12))).await;
    }
    server.accept_replay("p", 8, log(12), 1, &(9..=12).map(entry).collect::<Vec<_>>()).await;
    expect(&mut events, 9, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_names_a_time_is_obeyed() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 9).await;
    expect(&mut events, 1, 8).await;
    let asked = server.expect_event("replay_events").await;
    let start = tokio::time::Instant::now();
    server.acknowledge(asked.ack.unwrap(), &json!({"error": "Too many", "code": "rate_limited", "retry_after": 30}));
    server.accept_replay("p", 8, log(9), 1, &[entry(9)]).await;
    assert_eq!(start.elapsed().as_secs(), 30);
    expect(&mut events, 9, 9).await;
}

#[tokio::test(start_paused = true)]
async fn unlogged_events_are_counted() {
    let script = Script::new();
    let (_client, project, mut server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 9).await;
    for total in 0..3 {
        server.emit("stats_update", &json!({"project_id": "p", "total_content": total}));
    }
    settle().await;
    expect(&mut events, 1, 8).await;
    server.accept_replay("p", 8, log(9), 1, &[entry(9)]).await;
    let Event::Lagged(lagged) = next(&mut events).await else { panic!("not told") };
    assert_eq!(lagged.missed, 3);
    expect(&mut events, 9, 9).await;
}

#[tokio::test(start_paused = true)]
async fn an_end_tells_what_was_not_caught_up() {
    let script = Script::new();
    let (client, project, server) = slow(&script).await;
    let mut events = project.events();
    publish(&server, 1, 20).await;
    client.close().await;
    expect(&mut events, 1, 8).await;
    let Event::Lagged(lagged) = next(&mut events).await else { panic!("not told") };
    assert_eq!(lagged.missed, 12);
    assert!(item(&mut events).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_log_drops_the_oldest() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).event_buffer(2).overflow(Overflow::Replay), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    for content in ["a", "b", "c", "d"] {
        server.emit("moderation_update", &update(content));
    }
    settle().await;
    let Event::Lagged(lagged) = next(&mut events).await else { panic!("no notice of the loss") };
    assert_eq!(lagged.missed, 2);
    expect_content(&mut events, "c").await;
    expect_content(&mut events, "d").await;
    assert!(tokio::time::timeout(Duration::from_secs(60), server.expect_event("replay_events")).await.is_err());
}
