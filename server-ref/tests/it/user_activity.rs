//! The `user_activity` event, which reports an author's counts after each decision about an item whose metadata names the author.

use automoderate_server::Scope;
use serde_json::{Value, json};

use crate::support::{Socket, demo_project_id, demo_server_builder, moderate};
use crate::web::Caller;

#[tokio::test]
async fn activity_is_counted_per_author() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].as_i64().unwrap();
    let activity = |total: i64, violations: i64, approved: f64, risk: f64| json!({"total_submissions": total, "recent_violations": violations, "approval_rate": approved, "risk_score": risk});
    for (n, (content, expected)) in (1..).zip([
        ("fine", activity(1, 0, 100.0, 0.0)),
        ("spam", activity(2, 1, 50.0, 5.3)),
        ("you idiot", activity(3, 1, 33.3, 6.9)),
    ]) {
        let answer = moderate(&server, json!({"content": content, "metadata": {"user_id": "u1"}})).await;
        let event = socket.next_event("user_activity").await;
        assert_eq!((&event["user_id"], &event["activity"]), (&json!("u1"), &expected));
        assert_eq!(event["triggered_by"], answer["content_id"]);
        assert_eq!(event["project_id"], *id);
        assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
        // The event directly follows its `moderation_update`.
        assert_eq!(event["event_id"], head + 2 * n);
    }
    moderate(&server, json!({"content": "nobody's"})).await;
    let answer = moderate(&server, json!({"content": "spam", "metadata": {"user_id": 7}})).await;
    let event = socket.next_event("user_activity").await;
    assert_eq!((&event["user_id"], &event["activity"]), (&json!("7"), &activity(1, 1, 0.0, 10.0)));

    // A review replaces the first decision in the counts.
    let key = Caller::with_new_key(&server, &id, &[Scope::Review]).await;
    let path = format!("/api/content/{}/review", answer["content_id"].as_str().unwrap());
    key.post(&server, &path, json!({"decision": "approve"})).await;
    let event = socket.next_event("user_activity").await;
    assert_eq!((&event["user_id"], &event["activity"]), (&json!("7"), &activity(1, 0, 100.0, 0.0)));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_submissions_are_all_counted() {
    const AUTHOR_COUNT: usize = 5;
    const ITEMS_PER_AUTHOR: usize = 20;
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    let posts = (0..AUTHOR_COUNT * ITEMS_PER_AUTHOR).map(|n| {
        let content = if n % 2 == 0 { "fine" } else { "spam" };
        moderate(&server, json!({"content": content, "metadata": {"user_id": n % AUTHOR_COUNT}}))
    });
    futures_util::future::join_all(posts).await;
    let mut latest = vec![Value::Null; AUTHOR_COUNT];
    for _ in 0..AUTHOR_COUNT * ITEMS_PER_AUTHOR {
        let event = socket.next_event("user_activity").await;
        let author: usize = event["user_id"].as_str().unwrap().parse().unwrap();
        latest[author] = event["activity"].clone();
    }
    for activity in latest {
        assert_eq!(activity["total_submissions"], ITEMS_PER_AUTHOR);
        assert_eq!(
            (&activity["approval_rate"], &activity["recent_violations"]),
            (&json!(50.0), &json!(ITEMS_PER_AUTHOR / 2))
        );
    }
    server.shutdown().await;
}
