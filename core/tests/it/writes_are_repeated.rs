//! A submission that fails temporarily is repeated, but only if the repetition can't store it twice.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use automoderate::{Batch, Client, ContentFilter, Submission, testing::Script};
use serde_json::json;

use crate::rest_server::{
    RestServer,
    WriteFault::{self, *},
};

/// Returns a client with this time limit for each REST call.
fn client(server: &RestServer, timeout: Duration) -> Client {
    server.builder(&Script::new()).request_timeout(timeout).build().unwrap()
}

/// Returns a client that knows that the server supports idempotency keys, because it has submitted an item.
async fn client_with_known_support(server: &RestServer, timeout: Duration) -> Client {
    server.support_keys();
    let client = client(server, timeout);
    client.moderate("first").await.unwrap();
    client
}

async fn server_with(faults: &[WriteFault]) -> RestServer {
    let server = RestServer::start().await;
    server.plan_write_faults(faults);
    server
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(1500);

#[tokio::test]
async fn every_kind_of_lost_answer_stores_one_item_if_the_server_supports_keys() {
    let faults = [LoseAnswer, StoreAndRefuse(502), Refuse(503, ""), StoreAndRefuse(504), Refuse(408, ""), LoseAnswer];
    let server = server_with(&[]).await;
    let client = client_with_known_support(&server, LONG).await;
    server.plan_write_faults(&faults);
    client.moderate("hello").await.unwrap();
    assert_eq!(server.stored_keys().len(), 2);
    let sent = server.requests().iter().filter(|request| request.starts_with("POST /api/moderate")).count();
    assert_eq!(sent, faults.len() + 2);
}

#[tokio::test]
async fn silent_server_is_asked_again_before_the_time_limit() {
    let server = server_with(&[]).await;
    let client = client_with_known_support(&server, Duration::from_secs(8)).await;
    server.plan_write_faults(&[NeverAnswer]);
    client.moderate("hello").await.unwrap();
    assert_eq!(server.stored_keys().len(), 2);
}

#[tokio::test]
async fn server_that_supports_keys_only_after_the_attempt_is_not_asked_again() {
    let server = server_with(&[LoseAnswer]).await;
    server.support_keys();
    let error = client(&server, LONG).moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("disconnected", false));
    assert_eq!(server.stored_keys().len(), 1);
}

#[tokio::test]
async fn server_that_no_longer_supports_keys_stores_nothing_twice() {
    let server = server_with(&[]).await;
    let client = client_with_known_support(&server, LONG).await;
    server.ignore_keys();
    server.plan_write_faults(&[LoseAnswer]);
    let error = client.moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("disconnected", false));
    assert_eq!(server.stored_keys().len(), 2);
}

#[tokio::test]
async fn refusal_after_a_lost_answer_does_not_claim_that_nothing_was_stored() {
    for status in [401, 404, 500] {
        let server = server_with(&[]).await;
        let client = client_with_known_support(&server, LONG).await;
        server.plan_write_faults(&[LoseAnswer, Refuse(status, "")]);
        let error = client.moderate("hello").await.unwrap_err();
        assert!(error.to_string().contains("outcome is unknown"), "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn endless_retry_delay_is_an_error() {
    let server = server_with(&[Refuse(429, "Retry-After: 18446744073709551615\r\n")]).await;
    assert_eq!(client(&server, LONG).moderate("hello").await.unwrap_err().code(), "rate_limited");
}

#[tokio::test]
async fn lost_answer_is_an_unknown_outcome_if_the_server_ignores_keys() {
    for fault in [LoseAnswer, NeverAnswer] {
        let server = server_with(&[fault]).await;
        let error = client(&server, SHORT).moderate("hello").await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("disconnected", false), "{fault:?}");
        assert_eq!(server.stored_keys().len(), 1, "{fault:?}");
    }
    let server = server_with(&[StoreAndRefuse(502)]).await;
    let error = client(&server, LONG).moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.is_retryable()), ("api", Some(502), false));
    assert!(error.to_string().contains("outcome is unknown"), "{error}");
    assert_eq!(server.stored_keys().len(), 1);
}

#[tokio::test]
async fn refusal_for_too_many_requests_is_repeated_at_every_server() {
    let server = server_with(&[Refuse(429, "Retry-After: 1\r\n")]).await;
    let started = Instant::now();
    client(&server, LONG).moderate("hello").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "the client waits as long as the server demands");
    assert_eq!(server.stored_keys().len(), 1);
}

#[tokio::test]
async fn demanded_delay_beyond_the_time_limit_fails_immediately() {
    let server = server_with(&[Refuse(429, "Retry-After: 40\r\n")]).await;
    let error = client(&server, LONG).moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.retry_in()), ("rate_limited", Some(Duration::from_secs(40))));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn unreachable_server_is_tried_until_the_time_limit() {
    // A bound socket that does not listen refuses connections, and no other test can use its port.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let client = Client::builder(url).api_key("am_any").request_timeout(SHORT).build().unwrap();
    let started = Instant::now();
    let error = client.moderate("hello").await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("connect_failed", true));
    assert!(started.elapsed() > SHORT / 3 && started.elapsed() < SHORT * 4, "{:?}", started.elapsed());
}

#[tokio::test]
async fn permanent_refusal_is_not_repeated() {
    for status in [400, 401, 422, 500] {
        let server = server_with(&[Refuse(status, "")]).await;
        let error = client(&server, LONG).moderate("hello").await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(server.stored_keys().len(), 0);
    }
}

#[tokio::test]
async fn server_without_batches_receives_the_submissions_one_by_one() {
    let server = server_with(&[]).await;
    let results = client(&server, LONG).moderate_batch(vec!["a", "b", "c"]).await.unwrap();
    assert!(results.len() == 3 && results.iter().all(Result::is_ok));
    let keys: BTreeSet<_> = server.stored_keys().into_iter().collect();
    assert_eq!(keys.len(), 3, "each submission has its own key");
}

#[tokio::test]
async fn batch_that_may_be_stored_is_not_submitted_again_one_by_one() {
    let server = server_with(&[]).await;
    let client = client_with_known_support(&server, LONG).await;
    server.plan_write_faults(&[StoreAndRefuse(502)]);
    let error = client.moderate_batch(vec!["a", "b"]).await.unwrap_err();
    assert!(error.to_string().contains("outcome is unknown"), "{error}");
    assert_eq!(server.stored_keys().len(), 2, "the first submission and the batch");
}

#[tokio::test]
async fn refusal_of_all_submissions_ends_a_batch_that_is_sent_one_by_one() {
    let server = server_with(&[Refuse(404, ""), Refuse(422, ""), Refuse(403, "")]).await;
    let results = client(&server, LONG).moderate_batch(vec!["a"; 102]).await.unwrap();
    let statuses: Vec<_> = results.into_iter().map(|result| result.unwrap_err().status()).collect();
    assert_eq!(statuses[0], Some(422));
    assert!(statuses.len() == 102 && statuses[1..].iter().all(|status| *status == Some(403)), "{statuses:?}");
    assert_eq!(server.stored_keys().len(), 0, "nothing is sent after the refusal");
}

#[tokio::test]
async fn server_failure_leaves_the_outcome_unknown() {
    let server = server_with(&[StoreAndRefuse(500)]).await;
    let error = client(&server, LONG).moderate("a").await.unwrap_err();
    assert_eq!((error.status(), error.is_retryable()), (Some(500), false));
    assert!(error.to_string().contains("outcome is unknown"), "{error}");
}

#[tokio::test]
async fn secrets_in_responses_are_redacted() {
    let refused = r#"{"results":[{"success":false,"error":"unknown key am_any"}]}"#;
    let invalid = r#"{"content_id":"c","status":"approved","moderation_results":"am_any"}"#;
    let server = server_with(&[Answer(refused), Answer(invalid)]).await;
    let client = client(&server, LONG);
    let refused = client.moderate_batch(vec!["a"]).await.unwrap().remove(0).unwrap_err();
    let invalid = client.moderate("a").await.unwrap_err();
    server.add_row(&json!({"id": "c", "status": "approved", "moderation_results": "am_any"}));
    let unreadable = client.content("c").await.unwrap_err();
    for error in [refused, invalid, unreadable] {
        assert!(!format!("{error} {:?}", error.body()).contains("am_any"), "{error:?}");
    }
    let page = client.contents_page(ContentFilter::default()).await.unwrap();
    assert!(page.unreadable.len() == 1 && !page.unreadable[0].contains("am_any"), "{page:?}");
}

#[tokio::test]
async fn batch_has_one_key() {
    let server = server_with(&[]).await;
    let with_key = vec![Submission::text("a").idempotency_key("order-7")];
    let error = client(&server, LONG).moderate_batch(with_key).await.unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
    let batch = Batch::from(vec!["a"]).idempotency_key("x".repeat(241));
    assert_eq!(client(&server, LONG).moderate_batch(batch).await.unwrap_err().code(), "invalid_argument");
    assert_eq!(client(&server, LONG).moderate_batch(Batch::default()).await.unwrap().len(), 0);
}
