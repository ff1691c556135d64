//! An invalid row of a listing does not affect the other rows, and an oversized page is read in parts.

use automoderate::{ContentFilter, ErrorKind, testing::Script};
use serde_json::json;

use crate::rest_server::{RestServer, content_row};

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[tokio::test]
async fn an_unreadable_row_is_an_error_in_its_place() {
    let rest = RestServer::start().await;
    rest.add_row(&content_row("a", "approved", now(), now()));
    rest.add_row(&json!({"id": "b", "status": {}}));
    let odd = content_row("c", "approved", now(), now()).to_string();
    rest.add_row_text(odd.replace(r#""meta_data":null"#, r#""meta_data":{"score":Infinity}"#));
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
async fn an_oversized_page_is_read_in_parts() {
    let rest = RestServer::start().await;
    for n in 0..13 {
        let mut large = content_row(&format!("c{n}"), "approved", now(), now());
        large["content_data"] = "x".repeat(1_500_000).into();
        rest.add_row(&large);
    }
    let client = rest.builder(&Script::new()).build().unwrap();
    let page = client.contents_page(ContentFilter::default()).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|content| content.id.clone()).collect();
    assert_eq!(ids, (0..13).rev().map(|n| format!("c{n}")).collect::<Vec<_>>());
    assert!(!page.has_more);
}

#[tokio::test]
async fn the_highest_page_number_ends_the_listing() {
    let rest = RestServer::start().await;
    rest.add_row(&content_row("a", "approved", now(), now()));
    let client = rest.builder(&Script::new()).build().unwrap();
    let filter = ContentFilter { page: Some(u32::MAX), ..ContentFilter::default() };
    assert!(client.contents(filter).next().await.is_none());
}
