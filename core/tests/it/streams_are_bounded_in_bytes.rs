//! A stream buffers at most 8 MiB, whatever the size of its events; on a server with a log this causes no loss.

use automoderate::{Event, testing::Script};
use serde_json::{Value, json};

use crate::common::{connected, join, log, next, settle, update};

const MEGABYTE: usize = 1024 * 1024;

fn large(id: u64) -> Value {
    let metadata = "x".repeat(MEGABYTE);
    json!({"content_id": format!("c{id}"), "project_id": "p", "status": "approved", "event_id": id, "meta_data": metadata})
}

#[tokio::test(start_paused = true)]
async fn events_without_room_are_read_from_the_log() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let project = join(&client, &mut server, "p", Some(log(0))).await;
    let mut events = project.events();
    for id in 1..=20 {
        server.emit("moderation_update", &large(id));
        settle().await;
    }
    let mut serve = async || {
        loop {
            let asked = server.expect_event("replay_events").await;
            let (after, limit) = (asked.data["after"].as_u64().unwrap(), asked.data["limit"].as_u64().unwrap());
            assert!(limit <= 8, "{limit} events of a megabyte each");
            let page: Vec<_> = (after + 1..=(after + limit).min(20))
                .map(|id| json!({"event": "moderation_update", "data": large(id)}))
                .collect();
            server.acknowledge(asked.ack.unwrap(), &json!({"events": page, "head": 20, "oldest": 1, "log": "log-1"}));
        }
    };
    let reading = async {
        for id in 1..=20 {
            assert_eq!(next(&mut events).await.event_id(), Some(id));
        }
    };
    tokio::select! {
        () = serve() => {}
        () = reading => {}
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_log_the_oldest_is_dropped() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    for content in 1..=20 {
        let mut event = update(&content.to_string());
        event["meta_data"] = "x".repeat(MEGABYTE).into();
        server.emit("moderation_update", &event);
        settle().await;
    }
    let Event::Lagged(lagged) = next(&mut events).await else { panic!("no notice of the loss") };
    assert_eq!(lagged.missed, 13, "seven events of a megabyte fit into 8 MiB");
    for content in 14..=20 {
        let Event::ModerationUpdate(update) = next(&mut events).await else { panic!("no decision") };
        assert_eq!(update.content_id, content.to_string());
    }
}
