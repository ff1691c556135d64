//! A submission that received no answer may still have been carried out, so a retry could submit the item twice.

use std::time::Duration;

use automoderate::{ContentFilter, Submission, testing::Script};

use crate::rest_server::{RestServer, idempotency_key};

#[tokio::test]
async fn an_unanswered_submission_has_an_unknown_outcome() {
    let rest = RestServer::start().await;
    rest.set_unresponsive(true);
    let client = rest.builder(&Script::new()).request_timeout(Duration::from_millis(100)).build().unwrap();
    let error = client.moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("disconnected", false));
    assert!(error.to_string().contains("outcome is unknown"), "{error}");
    let error = client.contents_page(ContentFilter::default()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("connect_failed", true));
}

#[tokio::test]
async fn each_submission_has_its_own_idempotency_key() {
    let rest = RestServer::start().await;
    let client = rest.builder(&Script::new()).build().unwrap();
    for submission in [Submission::text("a"), Submission::text("a"), Submission::text("a").idempotency_key("order-7")] {
        client.moderate(submission).await.unwrap();
    }
    let names: Vec<_> = rest.requests().iter().filter_map(|request| idempotency_key(request)).collect();
    assert_eq!(names.len(), 3);
    assert_ne!(names[0], names[1]);
    assert_eq!((names[0].len(), names[2].as_str()), (32, "order-7"));
    let error = client.moderate(Submission::text("a").idempotency_key("two words")).await.unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
}
