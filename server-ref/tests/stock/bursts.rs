//! Many events at once, more than some clients accept in one poll.

use futures_util::future::join_all;
use serde_json::json;

use crate::client::Client;
use crate::each;
use crate::support::{moderate, project, server};

const EVENTS: i64 = 200;

#[tokio::test]
async fn all_of_a_burst_arrives() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    each(async |library, transports| {
        let mut client = Client::connect(library, transports, &server).await;
        let head = client.join(&id).await["event_id"].as_i64().unwrap();
        let posts = (0..EVENTS).map(|number| moderate(&server, json!({"content": format!("number {number}")})));
        join_all(posts).await;
        let mut ids = Vec::new();
        for _ in 0..EVENTS {
            ids.push(client.event("moderation_update").await["event_id"].as_i64().unwrap());
        }
        // Some run handlers in separate threads, which overtake each other.
        ids.sort_unstable();
        let first = ids[0];
        assert!(first == head + 1 && ids.iter().copied().eq(first..first + EVENTS), "{library:?}: {head} {ids:?}");
        assert!(!client.has_seen("disconnect"), "{library:?}");
    })
    .await;
    server.shutdown().await;
}
