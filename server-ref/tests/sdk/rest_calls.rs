//! The REST calls of the client.

use automoderate::{ContentFilter, Status, Submission};
use serde_json::json;

use crate::fixtures::{client_builder, demo_api_key, start_demo_server};

#[tokio::test]
async fn items_are_submitted_looked_up_and_listed() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
    let mut ids = Vec::new();
    for n in 0..45 {
        let submission = Submission::text(format!("text {n}")).metadata(json!({"n": n}));
        ids.push(client.moderate(submission).await.unwrap().content_id);
    }
    let content = client.content(&ids[7]).await.unwrap();
    assert_eq!((content.content_data.as_str(), &content.status), ("text 7", &Status::Approved));
    assert_eq!(content.meta_data, Some(json!({"n": 7})));
    let mut pages = client.contents(ContentFilter::default());
    let mut listed = Vec::new();
    while let Some(content) = pages.next().await {
        listed.push(content.unwrap().id);
    }
    listed.reverse();
    assert_eq!(listed, ids, "three pages, newest first, each item once");
    let statistics = client.statistics().await.unwrap();
    assert_eq!((statistics.total_content, statistics.approved), (45, 45));
    assert!(!client.health().await.unwrap().status.is_empty());
}

#[tokio::test]
async fn refused_calls_have_codes() {
    let server = start_demo_server().await;
    let good = client_builder(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
    let error = good.content("no-such-content").await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("api", Some(404)));
    assert!(!error.is_retryable());
    assert_eq!(good.content("").await.unwrap_err().code(), "invalid_argument");
    let bad = client_builder(server.base_url()).api_key("am_wrong").build().unwrap();
    let error = bad.moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("authentication_failed", Some(401)));
    assert!(!format!("{error:?}").contains("am_wrong"));
}
