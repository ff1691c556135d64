//! `contents()`: an invalid row does not affect the others.

use automoderate::{ContentFilter, ErrorKind, testing::Script};
use serde_json::json;

use crate::rest_server::{RestServer, row};

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_error_in_its_place() {
    let rest = RestServer::start().await;
    rest.add(&row("a", "approved", now(), now()));
    rest.add(&json!({"id": "b", "status": {}}));
    let odd = row("c", "approved", now(), now()).to_string();
    rest.add_text(odd.replace(r#""meta_data":null"#, r#""meta_data":{"score":Infinity}"#));
    let client = rest.builder(&Script::new()).build().unwrap();
    let mut contents = client.contents(ContentFilter::default());
    let c = contents.next().await.unwrap().unwrap();
    assert_eq!((c.id.as_str(), c.meta_data), ("c", Some(json!({"score": null}))));
    let error = contents.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Protocol, false));
    assert_eq!(contents.next().await.unwrap().unwrap().id, "a");
    assert!(contents.next().await.is_none());
    let page = client.contents_page(ContentFilter::default()).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable.len()), (2, 1));
}

#[tokio::test]
async fn a_page_that_is_too_large_is_read_in_parts() {
    let rest = RestServer::start().await;
    for n in 0..13 {
        let mut large = row(&format!("c{n}"), "approved", now(), now());
        large["content_data"] = "x".repeat(1_500_000).into();
        rest.add(&large);
    }
    let client = rest.builder(&Script::new()).build().unwrap();
    let page = client.contents_page(ContentFilter::default()).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|content| content.id.clone()).collect();
    assert_eq!(ids, (0..13).rev().map(|n| format!("c{n}")).collect::<Vec<_>>());
    assert!(!page.has_more);
}

#[tokio::test]
async fn the_last_page_there_can_be_is_the_last() {
    let rest = RestServer::start().await;
    rest.add(&row("a", "approved", now(), now()));
    let client = rest.builder(&Script::new()).build().unwrap();
    let filter = ContentFilter { page: Some(u32::MAX), ..ContentFilter::default() };
    assert!(client.contents(filter).next().await.is_none());
}
