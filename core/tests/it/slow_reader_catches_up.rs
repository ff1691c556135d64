//! With `Overflow::Replay`, logged events that do not fit into a stream are read from the log once the reader has made
//! room.

use std::time::Duration;

use automoderate::{
    Client, Event, EventStream, GapReason, Overflow, Project,
    testing::{Connection, EventLog, Script},
};
use serde_json::json;

use crate::common::{
    client_builder, connect, decision_payload, event_log, expect_decision, expect_no_event, join, let_tasks_run,
    logged_decision, next_event, next_item, page_entry,
};

const EVENT_BUFFER: usize = 8;

/// Returns a client whose streams buffer eight events, and a project whose log is empty.
async fn client_with_small_buffer(script: &Script) -> (Client, Project, Connection) {
    let (client, mut server) =
        connect(client_builder(script).event_buffer(EVENT_BUFFER).overflow(Overflow::Replay), script).await;
    let project = join(&client, &mut server, "p", Some(event_log(0))).await;
    (client, project, server)
}

async fn publish(server: &Connection, from: u64, to: u64) {
    (from..=to).for_each(|id| server.emit("moderation_update", &logged_decision(id)));
    let_tasks_run().await;
}

async fn expect_decisions(events: &mut EventStream, from: u64, to: u64) {
    for id in from..=to {
        expect_decision(events, &format!("c{id}")).await;
    }
}

async fn expect_gap(events: &mut EventStream, reason: GapReason, missed: Option<u64>) {
    let Event::Gap(gap) = next_event(events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (reason, missed));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_receives_every_event_once_and_in_order() {
    let script = Script::new();
    let (client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 1000).await;
    assert_eq!(server.try_recv(), None, "a full stream requests no page");
    let serve = async {
        loop {
            let asked = server.expect_event("replay_events").await;
            let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
            assert!((1..=EVENT_BUFFER as u64).contains(&limit), "a page must fit into the buffer: {limit}");
            let page: Vec<_> = (after + 1..=(after + limit).min(1000))
                .map(|id| json!({"event": "moderation_update", "data": logged_decision(id)}))
                .collect();
            let page = json!({"events": page, "head": 1000, "oldest": 1, "log": "log-1"});
            server.acknowledge(asked.ack.unwrap(), &page);
        }
    };
    tokio::select! {
        () = serve => {}
        () = expect_decisions(&mut events, 1, 1000) => {}
    }
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:1000");
    assert_eq!(client.metrics().gaps, 0);
    publish(&server, 1001, 1005).await;
    expect_decisions(&mut events, 1001, 1005).await;
    expect_no_event(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_delay_a_fast_one() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let (mut slow, mut quick) = (project.events(), project.events());
    for id in 1..=20 {
        publish(&server, id, id).await;
        expect_decisions(&mut quick, id, id).await;
    }
    expect_decisions(&mut slow, 1, 8).await;
    let_tasks_run().await;
    server.accept_replay("p", 8, event_log(20), 1, &(9..=16).map(page_entry).collect::<Vec<_>>()).await;
    expect_decisions(&mut slow, 9, 16).await;
    let_tasks_run().await;
    server.accept_replay("p", 16, event_log(20), 1, &(17..=20).map(page_entry).collect::<Vec<_>>()).await;
    expect_decisions(&mut slow, 17, 20).await;
    publish(&server, 21, 21).await;
    expect_decisions(&mut slow, 21, 21).await;
    expect_decisions(&mut quick, 21, 21).await;
}

#[tokio::test(start_paused = true)]
async fn events_published_during_the_catch_up_are_delivered() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect_decisions(&mut events, 1, 8).await;
    let_tasks_run().await;
    // These events are published after the server has read the page, but before the client receives the page.
    publish(&server, 13, 14).await;
    server.accept_replay("p", 8, event_log(12), 1, &(9..=12).map(page_entry).collect::<Vec<_>>()).await;
    let_tasks_run().await;
    server.accept_replay("p", 12, event_log(14), 1, &(13..=14).map(page_entry).collect::<Vec<_>>()).await;
    publish(&server, 15, 15).await;
    expect_decisions(&mut events, 9, 15).await;
    expect_no_event(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_in_a_page_before_its_publication_arrives_once() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect_decisions(&mut events, 1, 8).await;
    // Events 13 and 14 are already in the log, while their live copies are still in transit.
    server.accept_replay("p", 8, event_log(14), 1, &(9..=14).map(page_entry).collect::<Vec<_>>()).await;
    expect_decisions(&mut events, 9, 12).await;
    publish(&server, 13, 15).await;
    expect_decisions(&mut events, 13, 15).await;
    expect_no_event(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_only_delays_the_catch_up() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect_decisions(&mut events, 1, 8).await;
    server.expect_event("replay_events").await;
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(event_log(12))).await;
    server.accept_replay("p", 8, event_log(12), 1, &(9..=12).map(page_entry).collect::<Vec<_>>()).await;
    expect_decisions(&mut events, 9, 12).await;
    expect_no_event(&mut events).await;
}

#[tokio::test(start_paused = true)]
async fn events_that_expire_during_the_catch_up_cause_a_gap() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 20).await;
    expect_decisions(&mut events, 1, 8).await;
    server.accept_replay("p", 8, event_log(20), 15, &(15..=20).map(page_entry).collect::<Vec<_>>()).await;
    expect_gap(&mut events, GapReason::Expired, Some(6)).await;
    assert_eq!(project.cursor().unwrap().event_id(), 14);
    expect_decisions(&mut events, 15, 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_replaced_log_causes_a_gap() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect_decisions(&mut events, 1, 8).await;
    let asked = server.expect_event("replay_events").await;
    let page = json!({"events": [], "head": 3, "oldest": 1, "log": "log-2"});
    server.acknowledge(asked.ack.unwrap(), &page);
    expect_gap(&mut events, GapReason::LogChanged, None).await;
    publish(&server, 13, 13).await;
    expect_decisions(&mut events, 13, 13).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_replaced_during_an_interruption_is_read_from_its_start_after_the_gap() {
    let script = Script::new();
    let (_client, project, server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(EventLog::new("log-2", 3))).await;
    publish(&server, 4, 9).await;
    expect_decisions(&mut events, 1, 8).await;
    // The events of the new log follow the gap.
    expect_gap(&mut events, GapReason::LogChanged, None).await;
    let page: Vec<_> = (4..=9).map(page_entry).collect();
    server.accept_replay("p", 3, EventLog::new("log-2", 9), 1, &page).await;
    expect_decisions(&mut events, 4, 9).await;
    assert_eq!(project.cursor().unwrap().to_string(), "log-2:9");
}

#[tokio::test(start_paused = true)]
async fn repeated_replay_failures_cause_a_gap() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect_decisions(&mut events, 1, 8).await;
    for _ in 0..5 {
        let asked = server.expect_event("replay_events").await;
        server.acknowledge(asked.ack.unwrap(), &json!({"error": "Server error occurred"}));
    }
    expect_gap(&mut events, GapReason::ReplayFailed, Some(4)).await;
    publish(&server, 13, 13).await;
    expect_decisions(&mut events, 13, 13).await;
}

#[tokio::test(start_paused = true)]
async fn replay_failures_are_counted_per_connection() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 12).await;
    expect_decisions(&mut events, 1, 8).await;
    for _ in 0..3 {
        for _ in 0..3 {
            let asked = server.expect_event("replay_events").await;
            server.acknowledge(asked.ack.unwrap(), &json!({"error": "Server error occurred"}));
        }
        server.cut();
        server = script.accept_handshake().await;
        server.accept_join("p", Some(event_log(12))).await;
    }
    server.accept_replay("p", 8, event_log(12), 1, &(9..=12).map(page_entry).collect::<Vec<_>>()).await;
    expect_decisions(&mut events, 9, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_retry_after_delays_the_next_request() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 9).await;
    expect_decisions(&mut events, 1, 8).await;
    let asked = server.expect_event("replay_events").await;
    let start = tokio::time::Instant::now();
    server.acknowledge(asked.ack.unwrap(), &json!({"error": "Too many", "code": "rate_limited", "retry_after": 30}));
    server.accept_replay("p", 8, event_log(9), 1, &[page_entry(9)]).await;
    assert_eq!(start.elapsed().as_secs(), 30);
    expect_decisions(&mut events, 9, 9).await;
}

#[tokio::test(start_paused = true)]
async fn dropped_unlogged_events_are_counted() {
    let script = Script::new();
    let (_client, project, mut server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 9).await;
    for total in 0..3 {
        server.emit("stats_update", &json!({"project_id": "p", "total_content": total}));
    }
    let_tasks_run().await;
    expect_decisions(&mut events, 1, 8).await;
    server.accept_replay("p", 8, event_log(9), 1, &[page_entry(9)]).await;
    let Event::Lagged(lagged) = next_event(&mut events).await else { panic!("expected a Lagged event") };
    assert_eq!(lagged.missed, 3);
    expect_decisions(&mut events, 9, 9).await;
}

#[tokio::test(start_paused = true)]
async fn closing_reports_the_unread_backlog() {
    let script = Script::new();
    let (client, project, server) = client_with_small_buffer(&script).await;
    let mut events = project.events();
    publish(&server, 1, 20).await;
    client.close().await;
    expect_decisions(&mut events, 1, 8).await;
    let Event::Lagged(lagged) = next_event(&mut events).await else { panic!("expected a Lagged event") };
    assert_eq!(lagged.missed, 12);
    assert!(next_item(&mut events).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn without_a_log_the_oldest_events_are_dropped() {
    let script = Script::new();
    let (client, mut server) =
        connect(client_builder(&script).event_buffer(2).overflow(Overflow::Replay), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    for content in ["a", "b", "c", "d"] {
        server.emit("moderation_update", &decision_payload(content));
    }
    let_tasks_run().await;
    let Event::Lagged(lagged) = next_event(&mut events).await else { panic!("expected a Lagged event") };
    assert_eq!(lagged.missed, 2);
    expect_decision(&mut events, "c").await;
    expect_decision(&mut events, "d").await;
    assert!(tokio::time::timeout(Duration::from_secs(60), server.expect_event("replay_events")).await.is_err());
}
