//! `replay_events`: pages, limits, and retention.

use std::time::Duration;

use automoderate_server::{EventLog, RunningServer};
use serde_json::{Map, Value, json};

use crate::support::{Socket, demo_server_builder, eventually};

/// Creates a project whose log contains exactly this many notifications, and connects a socket with a key of the project.
async fn project_with_log(server: &RunningServer, events: usize, padding: usize) -> (String, Socket) {
    let id = server.create_project("Replay").await.unwrap();
    let key = server.create_api_key(&id, "test").await.unwrap();
    let notifications = (1..=events).map(|n| {
        let mut payload = Map::new();
        payload.insert("message".into(), format!("{n}{}", " ".repeat(padding)).into());
        server.publish(&id, "system_notification", payload)
    });
    for result in futures_util::future::join_all(notifications).await {
        result.unwrap();
    }
    let socket = Socket::connect_with_key(server, &key).await;
    (id, socket)
}

fn event_ids(page: &Value) -> Vec<i64> {
    let events = page["events"].as_array().unwrap();
    events.iter().map(|event| event["data"]["event_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, mut socket) = project_with_log(&server, 1100, 0).await;
    assert_eq!(socket.join(&id).await["event_id"], 1100);
    let mut all = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let after = all.last().copied().unwrap_or(0);
        let page =
            socket.emit_with_ack("replay_events", json!({"project_id": id, "after": after, "limit": 9999})).await;
        assert_eq!((&page["head"], &page["oldest"]), (&json!(1100), &json!(1)));
        assert!(page["log"].is_string());
        sizes.push(event_ids(&page).len());
        all.extend(event_ids(&page));
        if after == 1100 {
            break;
        }
    }
    assert_eq!(sizes, [500, 500, 100, 0]);
    assert_eq!(all, (1..=1100).collect::<Vec<_>>());

    let page = socket.emit_with_ack("replay_events", json!({"project_id": id, "after": "7", "limit": 2})).await;
    assert_eq!(event_ids(&page), [8, 9]);
    let ahead = socket.emit_with_ack("replay_events", json!({"project_id": id, "after": 5000})).await;
    assert_eq!((event_ids(&ahead), &ahead["head"]), (vec![], &json!(1100)));
    server.shutdown().await;
}

#[tokio::test]
async fn large_events_shorten_pages() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, mut socket) = project_with_log(&server, 8, 200_000).await;
    socket.join(&id).await;
    let mut all = Vec::new();
    let mut pages = 0;
    while all.last() != Some(&8) {
        let after = all.last().copied().unwrap_or(0);
        let page = event_ids(&socket.emit_with_ack("replay_events", json!({"project_id": id, "after": after})).await);
        assert!((1..=2).contains(&page.len()), "{page:?}");
        all.extend(page);
        pages += 1;
    }
    assert_eq!(all, (1..=8).collect::<Vec<_>>());
    assert_eq!(pages, 4);
    server.shutdown().await;
}

#[tokio::test]
async fn the_log_is_bounded_by_count() {
    let log = EventLog { max_events: 10, max_age: Duration::ZERO };
    let server = demo_server_builder().event_log(log).start().await.unwrap();
    let (id, mut socket) = project_with_log(&server, 25, 0).await;
    assert_eq!(socket.join(&id).await["event_id"], 25);
    // The result is the same before and after pruning.
    for _ in 0..2 {
        let page = socket.emit_with_ack("replay_events", json!({"project_id": id, "after": 0})).await;
        assert_eq!((&page["oldest"], &page["head"]), (&json!(16), &json!(25)));
        assert_eq!(event_ids(&page), (16..=25).collect::<Vec<_>>());
        server.prune_log().await.unwrap();
    }
    server.shutdown().await;
}

#[tokio::test]
async fn the_log_is_bounded_by_age() {
    let log = EventLog { max_events: 0, max_age: Duration::from_millis(50) };
    let server = demo_server_builder().event_log(log).start().await.unwrap();
    let (id, mut socket) = project_with_log(&server, 5, 0).await;
    socket.join(&id).await;
    eventually("the events expire", async || {
        server.prune_log().await.unwrap();
        let page = socket.emit_with_ack("replay_events", json!({"project_id": id, "after": 0})).await;
        page["oldest"] == 6
    })
    .await;
    // The next event continues the numbering.
    server.publish(&id, "system_notification", Map::new()).await.unwrap();
    assert_eq!(socket.next_event("system_notification").await, json!({"project_id": id, "event_id": 6}));
    server.shutdown().await;
}

#[tokio::test]
async fn replay_requires_a_joined_project() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, mut socket) = project_with_log(&server, 1, 0).await;
    let refused = socket.emit_with_ack("replay_events", json!({"project_id": id, "after": 0})).await;
    assert_eq!(refused, json!({"error": "Join the project first", "code": "not_joined"}));
    let refused = socket.emit_with_ack("replay_events", json!({"after": 0})).await;
    assert_eq!(refused["code"], "invalid_argument");
    server.shutdown().await;
}
