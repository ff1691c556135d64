//! Ids count 1, 2, 3, … without holes, and every socket sees them in that order, however many writes are concurrent.

use serde_json::json;

use crate::support::{Socket, http, key, project, server};

const WRITERS: i64 = 32;
const EACH: i64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn under_concurrent_posts() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let mut early = Socket::connect(&server).await;
    let start = early.join(&id).await["event_id"].as_i64().unwrap();

    let client = http();
    let url = format!("{}/api/moderate", server.base_url());
    let posts: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (client, url, key) = (client.clone(), url.clone(), key(&server));
            tokio::spawn(async move {
                for i in 0..EACH {
                    let body = json!({"content": format!("{n} {i}")});
                    let response = client.post(&url).header("x-api-key", &key).json(&body).send().await;
                    assert_eq!(response.unwrap().status(), 200);
                }
            })
        })
        .collect();

    // A socket that joins in the middle receives everything after the head in its confirmation.
    early.event("moderation_update").await;
    let mut late = Socket::connect(&server).await;
    let head = late.join(&id).await["event_id"].as_i64().unwrap();
    for post in posts {
        post.await.unwrap();
    }
    let end = start + WRITERS * EACH;
    let mut expected = start + 2;
    while expected <= end {
        assert_eq!(early.event("moderation_update").await["event_id"], expected);
        expected += 1;
    }
    let mut last = 0;
    let mut seen = Vec::new();
    while last < end {
        last = late.event("moderation_update").await["event_id"].as_i64().unwrap();
        seen.push(last);
    }
    assert!(seen.is_sorted(), "{seen:?}");
    let after: Vec<i64> = seen.into_iter().filter(|&id| id > head).collect();
    assert_eq!(after, (head + 1..=end).collect::<Vec<_>>());
    server.shutdown().await;
}

#[tokio::test]
async fn each_project_counts_for_itself() {
    let server = server().start().await.unwrap();
    let mut expected = Vec::new();
    for name in ["A", "B"] {
        let id = server.create_project(name).await.unwrap();
        let key = server.create_api_key(&id, "test").await.unwrap();
        let mut socket = Socket::connect_with(&server, &key).await;
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
            let event = socket.event("system_notification").await;
            assert_eq!(event["event_id"], n);
            assert_eq!(event["project_id"], **id);
        }
    }
    assert!(server.publish("nowhere", "user_activity", serde_json::Map::new()).await.is_err());
    server.shutdown().await;
}
