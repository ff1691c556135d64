//! REST calls against servers whose answers differ in shape.
#![allow(clippy::unwrap_used)] // a failure fails the test

use automoderate::{ContentFilter, Status, Submission};
use interop::{ALL_SERVERS, StandIn};
use serde_json::json;

#[tokio::test]
async fn items_are_submitted_looked_up_and_listed() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let client = server.anonymous().api_key(server.ready.api_key.as_str()).build().unwrap();
        let mut ids = Vec::new();
        for n in 0..60 {
            let text = if n % 2 == 0 { "hello" } else { "spamword" };
            let decided = client.moderate(Submission::text(text).metadata(json!({"n": n}))).await.unwrap();
            assert_eq!(decided.status, if n % 2 == 0 { Status::Approved } else { Status::Rejected }, "{kind:?}");
            ids.push(decided.content_id);
        }
        let content = client.content(&ids[3]).await.unwrap();
        assert_eq!((content.content_data.as_str(), content.meta_data), ("spamword", Some(json!({"n": 3}))), "{kind:?}");
        assert!(content.created_at.instant().is_some());
        let mut pages = client.contents(ContentFilter::default());
        let mut listed = Vec::new();
        while let Some(content) = pages.next().await {
            listed.push(content.unwrap().id);
        }
        listed.reverse();
        assert_eq!(listed, ids, "{kind:?}: every page is read, newest first, each item once");
        let filter = ContentFilter { status: Some(Status::Rejected), per_page: Some(7), page: None };
        let page = client.contents_page(filter).await.unwrap();
        assert!(page.items.len() == 7 && page.has_more && page.items.iter().all(|c| c.status == Status::Rejected));
        let statistics = client.statistics().await.unwrap();
        assert_eq!((statistics.total_content, statistics.approved, statistics.rejected), (60, 30, 30), "{kind:?}");
        client.health().await.unwrap();
        let error = client.content("665d74fa-2629-466a-837a-084024fe1be0").await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("api", Some(404)), "{kind:?}");
        let wrong = server.anonymous().api_key("am_wrong").build().unwrap();
        assert_eq!(wrong.statistics().await.unwrap_err().code(), "authentication_failed", "{kind:?}");
    }
}
