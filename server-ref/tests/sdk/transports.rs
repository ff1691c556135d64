//! Every transport carries the same events.

use automoderate::{Event, Origin, Status, Submission, Transports};
use serde_json::json;

use crate::wires::{client, key, next_update, project, server, soon};

#[tokio::test]
async fn typed_events_arrive_by_every_transport() {
    let server = server().await;
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let client = client(server.base_url()).api_key(key(&server)).transports(transports).connect().await.unwrap();
        let project = client.join(project(&server)).await.unwrap();
        let mut events = project.events();
        let start = project.cursor().unwrap().event_id();
        for (last, (text, status, rule)) in (start..).zip([
            ("hello there", Status::Approved, None),
            ("free money", Status::Rejected, Some("Spam Detection")),
            ("call 555-123-4567", Status::Flagged, Some("Phone Numbers")),
        ]) {
            let submission = Submission::text(text).metadata(json!({"thread": "t1", "source": "chat"}));
            let decided = client.moderate(submission).await.unwrap();
            assert_eq!(decided.status, status);
            let update = next_update(&mut events).await;
            assert_eq!(update.content_id, decided.content_id);
            assert_eq!((&update.status, update.rule_name.as_deref()), (&status, rule));
            assert_eq!(update.content_preview, text);
            assert_eq!(update.meta_data.unwrap().to_value().unwrap(), json!({"thread": "t1", "source": "chat"}));
            assert_eq!(update.meta.origin, Origin::Live);
            assert_eq!(update.meta.event_id, Some(last + 1));
            assert_eq!(project.cursor().unwrap().event_id(), last + 1);
            assert!(update.timestamp.as_str().ends_with('Z'));
        }
        soon("closing", client.close()).await;
        while let Some(event) = soon("the end", events.next()).await {
            event.unwrap();
        }
        assert_eq!(client.state().as_str(), "closed");
    }
}

#[tokio::test]
async fn statistics_follow_with_the_project() {
    let server = server().await;
    let client = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    let project = client.join(project(&server)).await.unwrap();
    let mut events = project.events();
    client.moderate("hello").await.unwrap();
    let stats = soon("the statistics", async {
        loop {
            if let Event::StatsUpdate(stats) = events.next().await.unwrap().unwrap() {
                return stats;
            }
        }
    })
    .await;
    assert_eq!((stats.total_content, stats.approved), (1, 1));
    assert_eq!(stats.approval_rate, Some(100.0));
    assert_eq!(stats.meta.project_id.as_ref(), Some(project.id()));
    assert_eq!(stats.meta.event_id, None, "the newest replaces the others, so no log keeps it");
}

#[tokio::test]
async fn a_batch_holds_what_is_there() {
    let server = server().await;
    let client = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    let project = client.join(project(&server)).await.unwrap();
    let mut updates = project.events_of::<automoderate::ModerationUpdate>();
    for _ in 0..10 {
        client.moderate("hello").await.unwrap();
    }
    let mut got = 0;
    while got < 10 {
        let batch = soon("a batch", updates.next_batch(4)).await.unwrap();
        assert!((1..=4).contains(&batch.len()));
        got += batch.len();
    }
    client.close().await;
    assert!(updates.next_batch(4).await.unwrap().is_empty());
}
