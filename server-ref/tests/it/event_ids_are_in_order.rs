//! Event ids are 1, 2, 3, … without holes, and every socket receives events in that order despite concurrent writes.

use serde_json::json;

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, http_client};

const WRITER_COUNT: i64 = 32;
const ITEMS_PER_WRITER: i64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_in_order_under_concurrent_submissions() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut early = Socket::connect(&server).await;
    let start = early.join(&id).await["event_id"].as_i64().unwrap();

    let client = http_client();
    let url = format!("{}/api/moderate", server.base_url());
    let posts: Vec<_> = (0..WRITER_COUNT)
        .map(|n| {
            let (client, url, key) = (client.clone(), url.clone(), demo_api_key(&server));
            tokio::spawn(async move {
                for i in 0..ITEMS_PER_WRITER {
                    let body = json!({"content": format!("{n} {i}")});
                    let response = client.post(&url).header("x-api-key", &key).json(&body).send().await;
                    assert_eq!(response.unwrap().status(), 200);
                }
            })
        })
        .collect();

    // A socket that joins during the submissions receives every event whose id is higher than the one in its join confirmation.
    early.next_event("moderation_update").await;
    let mut late = Socket::connect(&server).await;
    let head = late.join(&id).await["event_id"].as_i64().unwrap();
    for post in posts {
        post.await.unwrap();
    }
    let end = start + WRITER_COUNT * ITEMS_PER_WRITER;
    let mut expected = start + 2;
    while expected <= end {
        assert_eq!(early.next_event("moderation_update").await["event_id"], expected);
        expected += 1;
    }
    let mut last = 0;
    let mut seen = Vec::new();
    while last < end {
        last = late.next_event("moderation_update").await["event_id"].as_i64().unwrap();
        seen.push(last);
    }
    assert!(seen.is_sorted(), "{seen:?}");
    let after: Vec<i64> = seen.into_iter().filter(|&id| id > head).collect();
    assert_eq!(after, (head + 1..=end).collect::<Vec<_>>());
    server.shutdown().await;
}

#[tokio::test]
async fn each_project_numbers_its_own_events() {
    let server = demo_server_builder().start().await.unwrap();
    let mut expected = Vec::new();
    for name in ["A", "B"] {
        let id = server.create_project(name).await.unwrap();
        let key = server.create_api_key(&id, "test").await.unwrap();
        let mut socket = Socket::connect_with_key(&server, &key).await;
        socket.join(&id).await;
        expected.push((id, socket));
    }
    for n in 1..=3 {
        for (id, _) in &expected {
            let payload = json!({"type": "info", "message": format!("{n}"), "event_id": 99});
            let payload = payload.as_object().unwrap().clone();
            server.publish(id, "system_notification", payload).await.unwrap();
        }
    }
    for (id, socket) in &mut expected {
        for n in 1..=3 {
            let event = socket.next_event("system_notification").await;
            assert_eq!(event["event_id"], n);
            assert_eq!(event["project_id"], **id);
        }
    }
    assert!(server.publish("nowhere", "user_activity", serde_json::Map::new()).await.is_err());
    server.shutdown().await;
}
