//! The REST API of `testing::Server`, and the server without an event log.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, ContentFilter, ErrorKind, Event, EventStream, Origin, ReconnectPolicy, Status, Submission,
    testing::Server,
};
use serde_json::{Value, json};

fn fast_reconnect_builder(server: &Server) -> ClientBuilder {
    let quick = Duration::from_millis(20);
    let policy = ReconnectPolicy { delay: quick, max_delay: quick, ..ReconnectPolicy::default() };
    Client::builder(server.url()).api_key("am_any").reconnect(policy)
}

fn decision_payload(id: &str, status: &str) -> Value {
    json!({"content_id": id, "status": status, "moderator_type": "rule", "rule_name": "Spam"})
}

async fn next_update(events: &mut EventStream) -> (String, Status, Origin) {
    match tokio::time::timeout(Duration::from_secs(10), events.next()).await.unwrap() {
        Some(Ok(Event::ModerationUpdate(update))) => {
            (update.content_id.clone(), update.status.clone(), update.meta.origin)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn published_and_submitted_items_are_listed() {
    for server in [Server::start().await.unwrap(), Server::start_without_log().await.unwrap()] {
        let client = fast_reconnect_builder(&server).connect().await.unwrap();
        let mut events = client.join("p").await.unwrap().events();
        let decided = client.moderate(Submission::text("a fine day").metadata(json!({"user_id": "u"}))).await.unwrap();
        assert_eq!(decided.status, Status::Approved);
        server.publish("p", "moderation_update", &decision_payload("c1/ é+%", "rejected"));
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (id, _, origin) = next_update(&mut events).await;
            assert_eq!(origin, Origin::Live);
            seen.push(id);
        }
        assert_eq!(seen, [decided.content_id.as_str(), "c1/ é+%"]);
        let found = client.content("c1/ é+%").await.unwrap();
        assert_eq!((found.status, found.project_id.as_deref()), (Status::Rejected, Some("p")));
        assert_eq!(found.moderation_results[0]["details"]["rule_name"], "Spam");
        let found = client.content(&decided.content_id).await.unwrap();
        assert_eq!((found.content_data.as_str(), found.meta_data), ("a fine day", Some(json!({"user_id": "u"}))));
        let page = |filter| client.contents_page(filter);
        let newest = page(ContentFilter { per_page: Some(1), ..ContentFilter::default() }).await.unwrap();
        assert_eq!((newest.items[0].id.as_str(), newest.has_more), ("c1/ é+%", true));
        let filter = ContentFilter { status: Some(Status::Approved), ..ContentFilter::default() };
        assert_eq!(page(filter).await.unwrap().items.len(), 1);
        let counted = client.statistics().await.unwrap();
        assert_eq!((counted.total_content, counted.approved, counted.rejected), (2, 1, 1));
        assert_eq!(client.health().await.unwrap().status, "healthy");
        let missing = client.content("no-such").await.unwrap_err();
        assert_eq!((missing.kind(), missing.status()), (ErrorKind::Api, Some(404)));
        server.refuse_credentials(true);
        assert_eq!(client.statistics().await.unwrap_err().kind(), ErrorKind::AuthenticationFailed);
    }
}

#[tokio::test]
async fn without_a_log_missed_events_are_backfilled() {
    let server = Server::start_without_log().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    let project = client.join("p").await.unwrap();
    let mut events = project.events();
    assert_eq!(server.publish("p", "moderation_update", &decision_payload("before", "approved")), None);
    assert_eq!(next_update(&mut events).await.2, Origin::Live);
    assert_eq!(project.cursor(), None);
    server.set_offline(true);
    for n in 0..5 {
        server.publish("p", "moderation_update", &decision_payload(&format!("c{n}"), "rejected"));
    }
    server.set_offline(false);
    for n in 0..5 {
        assert_eq!(next_update(&mut events).await, (format!("c{n}"), Status::Rejected, Origin::Backfill));
    }
    assert_eq!((client.metrics().gaps, client.metrics().backfilled), (0, 5));
}

#[tokio::test]
async fn a_stored_review_without_an_event_is_polled() {
    let server = Server::start_without_log().await.unwrap();
    let client = fast_reconnect_builder(&server).review_poll(Duration::from_secs(1)).connect().await.unwrap();
    let mut events = client.join("p").await.unwrap().events();
    server.publish("p", "moderation_update", &decision_payload("c", "flagged"));
    assert_eq!(next_update(&mut events).await.1, Status::Flagged);
    server.store("p", &json!({"id": "c", "status": "approved"}));
    assert_eq!(next_update(&mut events).await, ("c".to_owned(), Status::Approved, Origin::Backfill));
}

#[tokio::test]
async fn an_unreadable_row_is_listed_as_unreadable() {
    let server = Server::start().await.unwrap();
    server.store("p", &json!({"id": "good", "content_data": "text"}));
    server.store("p", &json!({"id": "bad", "status": 7}));
    let client = fast_reconnect_builder(&server).build().unwrap();
    let page = client.contents_page(ContentFilter::default()).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable.len(), page.total), (1, 1, Some(2)));
}

#[tokio::test]
async fn submissions_with_the_same_idempotency_key_are_one() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).build().unwrap();
    let submit = |content: &str| client.moderate(Submission::text(content).idempotency_key("order-7"));
    let first = submit("a").await.unwrap();
    assert_eq!(submit("a").await.unwrap(), first);
    let other = submit("b").await.unwrap_err();
    assert_eq!((other.kind(), other.status()), (ErrorKind::Api, Some(422)));
    assert_eq!(client.statistics().await.unwrap().total_content, 1);
}

#[tokio::test]
async fn a_silent_server_still_carries_out_submissions() {
    let server = Server::start().await.unwrap();
    let client = fast_reconnect_builder(&server).request_timeout(Duration::from_millis(200)).build().unwrap();
    server.set_silent(true);
    let error = client.moderate("a").await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Disconnected, false));
    assert!(error.to_string().contains("outcome is unknown"), "{error}");
    server.set_silent(false);
    assert_eq!(client.statistics().await.unwrap().total_content, 1);
}

#[tokio::test]
async fn without_a_log_refusals_carry_no_code() {
    let server = Server::start_without_log().await.unwrap();
    let client = fast_reconnect_builder(&server).connect().await.unwrap();
    for (code, kind) in [("access_denied", ErrorKind::AccessDenied), ("project_not_found", ErrorKind::ProjectNotFound)]
    {
        server.refuse_joins("p", Some(code));
        assert_eq!(client.join("p").await.unwrap_err().kind(), kind);
    }
    server.refuse_credentials(true);
    let refused = async { fast_reconnect_builder(&server).connect().await?.join("q").await };
    assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::AuthenticationFailed);
}
