//! A stream buffers at most 8 MiB of events; on a server with an event log, this limit causes no loss.

use automoderate::{Event, testing::Script};
use serde_json::{Value, json};

use crate::common::{connected_client, decision_payload, event_log, join, let_tasks_run, next_event};

const MEBIBYTE: usize = 1024 * 1024;

fn large_decision(id: u64) -> Value {
    let metadata = "x".repeat(MEBIBYTE);
    json!({"content_id": format!("c{id}"), "project_id": "p", "status": "approved", "event_id": id, "meta_data": metadata})
}

#[tokio::test(start_paused = true)]
async fn events_beyond_the_bound_are_read_from_the_log() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", Some(event_log(0))).await;
    let mut events = project.events();
    for id in 1..=20 {
        server.emit("moderation_update", &large_decision(id));
        let_tasks_run().await;
    }
    let mut serve = async || {
        loop {
            let asked = server.expect_event("replay_events").await;
            let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
            assert!(limit <= 8, "a page of {limit} events of 1 MiB exceeds the bound");
            let page: Vec<_> = (after + 1..=(after + limit).min(20))
                .map(|id| json!({"event": "moderation_update", "data": large_decision(id)}))
                .collect();
            server.acknowledge(asked.ack.unwrap(), &json!({"events": page, "head": 20, "oldest": 1, "log": "log-1"}));
        }
    };
    let reading = async {
        for id in 1..=20 {
            assert_eq!(next_event(&mut events).await.event_id(), Some(id));
        }
    };
    tokio::select! {
        () = serve() => {}
        () = reading => {}
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_log_the_oldest_events_are_dropped() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    for content in 1..=20 {
        let mut event = decision_payload(&content.to_string());
        event["meta_data"] = "x".repeat(MEBIBYTE).into();
        server.emit("moderation_update", &event);
        let_tasks_run().await;
    }
    let Event::Lagged(lagged) = next_event(&mut events).await else { panic!("expected a Lagged event") };
    assert_eq!(lagged.missed, 13, "only seven events of slightly more than 1 MiB fit into 8 MiB");
    for content in 14..=20 {
        let Event::ModerationUpdate(update) = next_event(&mut events).await else { panic!("no decision") };
        assert_eq!(update.content_id, content.to_string());
    }
}
