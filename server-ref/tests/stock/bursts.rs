//! Bursts of more events than some clients accept in one poll.

use futures_util::future::join_all;
use serde_json::json;

use crate::client::StockClient;
use crate::for_each_client;
use crate::support::{demo_project_id, demo_server_builder, moderate};

const EVENT_COUNT: i64 = 200;

#[tokio::test]
async fn every_event_of_a_burst_arrives() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    for_each_client(async |library, transports| {
        let mut client = StockClient::connect(library, transports, &server).await;
        let head = client.join(&id).await["event_id"].as_i64().unwrap();
        let posts = (0..EVENT_COUNT).map(|number| moderate(&server, json!({"content": format!("number {number}")})));
        join_all(posts).await;
        let mut ids = Vec::new();
        for _ in 0..EVENT_COUNT {
            ids.push(client.next_event("moderation_update").await["event_id"].as_i64().unwrap());
        }
        // Some clients run handlers in separate threads, which may finish in any order.
        ids.sort_unstable();
        let first = ids[0];
        assert!(first == head + 1 && ids.iter().copied().eq(first..first + EVENT_COUNT), "{library:?}: {head} {ids:?}");
        assert!(!client.has_skipped("disconnect"), "{library:?}");
    })
    .await;
    server.shutdown().await;
}
