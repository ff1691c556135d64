//! `GET /api/content` with a cursor: filters, and pages that skip no items.

use automoderate_server::RunningServer;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{demo_api_key, demo_server_builder, http_client, moderate};

async fn query_items(server: &RunningServer, query: &[(&str, &str)]) -> (StatusCode, Value) {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let url = format!("{}/api/content?{query}", server.base_url());
    let response = http_client().get(url).header("x-api-key", demo_api_key(server)).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

async fn list_items(server: &RunningServer, query: &[(&str, &str)]) -> Value {
    let (status, answer) = query_items(server, query).await;
    assert_eq!(status, StatusCode::OK, "{query:?} {answer}");
    answer
}

fn item_texts(page: &Value) -> Vec<String> {
    let contents = page["content"].as_array().unwrap();
    contents.iter().map(|content| content["content_data"].as_str().unwrap().to_owned()).collect()
}

/// Returns the texts of the items on all pages of a query.
async fn all_item_texts(server: &RunningServer, query: &[(&str, &str)]) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = query.to_vec();
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = list_items(server, &query).await;
        assert!(page.get("pagination").is_none());
        found.extend(item_texts(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_skip_nothing_while_items_are_added() {
    let server = demo_server_builder().start().await.unwrap();
    for n in 0..5 {
        moderate(&server, json!({"content": format!("{n}")})).await;
    }
    let first = list_items(&server, &[("limit", "2")]).await;
    assert_eq!(item_texts(&first), ["4", "3"]);
    moderate(&server, json!({"content": "5"})).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list_items(&server, &[("limit", "2"), ("cursor", cursor)]).await;
    assert_eq!(item_texts(&second), ["2", "1"]);
    let cursor = second["next_cursor"].as_str().unwrap();
    let third = list_items(&server, &[("limit", "2"), ("cursor", cursor)]).await;
    assert_eq!((item_texts(&third), &third["next_cursor"]), (vec!["0".to_owned()], &Value::Null));
    // A page that is exactly full has no cursor if no item follows.
    assert_eq!(list_items(&server, &[("limit", "6")]).await["next_cursor"], Value::Null);
    // The cursor of a numbered page continues after that page.
    let numbered = list_items(&server, &[("per_page", "4")]).await;
    assert_eq!(numbered["pagination"]["total"], 6);
    let cursor = numbered["next_cursor"].as_str().unwrap();
    assert_eq!(item_texts(&list_items(&server, &[("cursor", cursor)]).await), ["1", "0"]);
    server.shutdown().await;
}

#[tokio::test]
async fn filters_select_items() {
    let server = demo_server_builder().start().await.unwrap();
    let mut rule = String::new();
    for n in 0..4 {
        moderate(&server, json!({"content": format!("Nice {n}"), "metadata": {"user_id": n % 2}})).await;
        let spam = moderate(&server, json!({"content": format!("SPAM \u{0} {n}"), "metadata": {"user_id": "ä"}})).await;
        rule = spam["moderation_results"][0]["rule_id"].as_str().unwrap().to_owned();
    }
    assert_eq!(all_item_texts(&server, &[("user_id", "1"), ("limit", "1")]).await, ["Nice 3", "Nice 1"]);
    assert_eq!(all_item_texts(&server, &[("user_id", "ä"), ("status", "approved")]).await, [""; 0]);
    assert_eq!(all_item_texts(&server, &[("rule_id", &rule)]).await.len(), 4);
    assert_eq!(all_item_texts(&server, &[("rule_id", "none")]).await, [""; 0]);
    assert_eq!(all_item_texts(&server, &[("q", "spam \u{0} 2")]).await, ["SPAM \u{0} 2"]);
    assert_eq!(all_item_texts(&server, &[("q", "NICE"), ("status", "approved"), ("limit", "3")]).await.len(), 4);
    // The value of `q` is matched literally, not as a pattern.
    assert_eq!(all_item_texts(&server, &[("q", "Nice .")]).await, [""; 0]);

    let page = list_items(&server, &[("limit", "8")]).await;
    let at = |index: usize| page["content"][index]["created_at"].as_str().unwrap();
    assert_eq!(all_item_texts(&server, &[("from", at(1))]).await, ["SPAM \u{0} 3", "Nice 3"]);
    assert_eq!(all_item_texts(&server, &[("to", at(6))]).await, ["Nice 0"]);
    assert_eq!(all_item_texts(&server, &[("from", at(6)), ("to", at(5))]).await, ["SPAM \u{0} 0"]);
    assert_eq!(all_item_texts(&server, &[("from", "2001-01-01"), ("to", "2001-01-02")]).await, [""; 0]);
    server.shutdown().await;
}

#[tokio::test]
async fn a_rare_text_is_found_across_several_pages() {
    let server = demo_server_builder().start().await.unwrap();
    moderate(&server, json!({"content": "the needle"})).await;
    // Together, these items exceed the amount of data that the server reads for one page.
    let hay = "hay ".repeat(200_000);
    for _ in 0..12 {
        moderate(&server, json!({"content": hay})).await;
    }
    let first = list_items(&server, &[("q", "NEEDLE")]).await;
    assert_eq!(item_texts(&first), [""; 0]);
    assert!(first["next_cursor"].is_string());
    assert_eq!(all_item_texts(&server, &[("q", "NEEDLE")]).await, ["the needle"]);
    // Large items also shorten pages without a text filter.
    let page = list_items(&server, &[("limit", "100")]).await;
    assert!((1..=12).contains(&item_texts(&page).len()));
    assert_eq!(all_item_texts(&server, &[("limit", "100")]).await.len(), 13);
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_queries_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let long = "x".repeat(201);
    for query in [
        &[("page", "501")][..],
        &[("page", "101"), ("per_page", "100")],
        &[("page", "1"), ("cursor", "MS5h")],
        &[("per_page", "1"), ("q", "x")],
        &[("cursor", "odd")],
        &[("from", "yesterday")],
        &[("to", "1705314600")],
        &[("q", &long)],
        &[("user_id", "a\0")],
        &[("limit", "x")],
        &[("status", "odd"), ("limit", "1")],
    ] {
        let (status, answer) = query_items(&server, query).await;
        assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("invalid_argument")), "{query:?}");
    }
    assert_eq!(item_texts(&list_items(&server, &[("page", "500")]).await), [""; 0]);
    server.shutdown().await;
}

#[tokio::test]
async fn blank_items_and_unknown_types_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    for body in [
        json!({"content": ""}),
        json!({"content": " \t\r\n\u{3000}"}),
        json!({"content": "x", "type": "video"}),
        json!({"content": "x", "type": ""}),
        json!({"content": "x", "type": null}),
        json!({"content": "x", "type": 7}),
    ] {
        let request = http_client()
            .post(format!("{}/api/moderate", server.base_url()))
            .header("x-api-key", demo_api_key(&server));
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "invalid_argument", "{body}");
    }
    assert_eq!(list_items(&server, &[]).await["pagination"]["total"], 0);
    server.shutdown().await;
}
