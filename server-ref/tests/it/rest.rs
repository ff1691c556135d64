//! The documented REST routes and their errors.

use automoderate_server::RunningServer;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{demo_api_key, demo_project_id, demo_server_builder, http_client, moderate};

async fn call_with_key(server: &RunningServer, method: Method, path: &str, key: Option<&str>, body: &str) -> Response {
    let request = http_client().request(method, format!("{}{path}", server.base_url())).body(body.to_owned());
    let request = match key {
        Some(key) => request.header("x-api-key", key),
        None => request,
    };
    request.send().await.unwrap()
}

async fn get_ok(server: &RunningServer, path: &str) -> Value {
    let response = call_with_key(server, Method::GET, path, Some(&demo_api_key(server)), "").await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_submitted_item_can_be_looked_up() {
    let server = demo_server_builder().start().await.unwrap();
    let answer = moderate(&server, json!({"content": "Call 555-123-4567", "metadata": {"n": [1, null]}})).await;
    assert_eq!(answer["success"], true);
    assert_eq!(answer["status"], "flagged");
    let result = &answer["moderation_results"][0];
    assert_eq!(result["decision"], "flagged");
    assert_eq!(result["confidence"], 1.0);
    assert_eq!(result["moderator_type"], "rule");
    assert_eq!(result["rule_name"], "Phone Numbers");
    assert_eq!(result["rule_type"], "regex");
    for field in ["reason", "rule_id", "processing_time", "categories", "category_scores"] {
        assert!(!result[field].is_null(), "{field}");
    }

    let id = answer["content_id"].as_str().unwrap();
    let content = &get_ok(&server, &format!("/api/content/{id}")).await["content"];
    assert_eq!(content["id"], id);
    assert_eq!(content["project_id"], demo_project_id(&server));
    assert_eq!(content["content_type"], "text");
    assert_eq!(content["content_data"], "Call 555-123-4567");
    assert_eq!(content["meta_data"], json!({"n": [1, null]}));
    assert_eq!(content["status"], "flagged");
    assert_eq!(content["moderation_results"], answer["moderation_results"]);
    for time in ["created_at", "updated_at"] {
        assert!(content[time].as_str().unwrap().ends_with('Z'));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn pages_list_the_newest_items_first() {
    let server = demo_server_builder().start().await.unwrap();
    for n in 0..25 {
        let content = if n % 5 == 0 { format!("spam {n}") } else { format!("{n}") };
        moderate(&server, json!({"content": content})).await;
    }
    let texts = |page: &Value| -> Vec<String> {
        let contents = page["content"].as_array().unwrap();
        contents.iter().map(|content| content["content_data"].as_str().unwrap().to_owned()).collect()
    };
    let first = get_ok(&server, "/api/content").await;
    assert_eq!(texts(&first).len(), 20);
    assert_eq!(texts(&first)[0], "24");
    let expected = json!({"page": 1, "pages": 2, "per_page": 20, "total": 25, "has_next": true, "has_prev": false});
    assert_eq!(first["pagination"], expected);
    let second = get_ok(&server, "/api/content?page=2").await;
    assert_eq!(texts(&second), ["4", "3", "2", "1", "spam 0"]);
    let rejected = get_ok(&server, "/api/content?status=rejected&per_page=2").await;
    assert_eq!(texts(&rejected), ["spam 20", "spam 15"]);
    assert_eq!(rejected["pagination"]["total"], 5);
    assert_eq!(texts(&get_ok(&server, "/api/content?page=99").await).len(), 0);

    let stats = &get_ok(&server, "/api/stats").await["stats"];
    assert_eq!(
        *stats,
        json!({"total_content": 25, "approved": 20, "rejected": 5, "flagged": 0, "pending": 0, "approval_rate": 80.0})
    );
    server.shutdown().await;
}

#[tokio::test]
async fn errors_have_a_code() {
    let server = demo_server_builder().start().await.unwrap();
    let good = demo_api_key(&server);
    let good = Some(good.as_str());
    let bad = format!("am_{}", "A".repeat(43));
    let huge = format!(r#"{{"content":"{}"}}"#, "x".repeat(1_000_001));
    let post = Method::POST;
    for (method, path, key, body, status, code) in [
        (post.clone(), "/api/moderate", None, "{}", 401, "authentication_failed"),
        (post.clone(), "/api/moderate", Some(bad.as_str()), "{}", 401, "authentication_failed"),
        (post.clone(), "/api/moderate", Some(""), "{}", 401, "authentication_failed"),
        (Method::GET, "/api/stats", None, "", 401, "authentication_failed"),
        (Method::GET, "/api/content", Some("x"), "", 401, "authentication_failed"),
        (post.clone(), "/api/moderate", good, "{", 400, "invalid_argument"),
        (post.clone(), "/api/moderate", good, "", 400, "invalid_argument"),
        (post.clone(), "/api/moderate", good, "{}", 400, "invalid_argument"),
        (post.clone(), "/api/moderate", good, r#"{"content":"x","metadata":[]}"#, 400, "invalid_argument"),
        (post.clone(), "/api/moderate", good, &huge, 413, "payload_too_large"),
        (Method::GET, "/api/moderate", good, "", 405, "method_not_allowed"),
        (Method::GET, "/api/content/%ff", good, "", 404, "not_found"),
        (Method::GET, "/api/content/none", good, "", 404, "not_found"),
        (Method::GET, "/api/content?status=odd", good, "", 400, "invalid_argument"),
        (Method::GET, "/api/content?page=x", good, "", 400, "invalid_argument"),
        (Method::GET, "/nowhere", None, "", 404, "not_found"),
    ] {
        let response = call_with_key(&server, method, path, key, body).await;
        assert_eq!(response.status(), status, "{path}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["success"], false, "{path}");
        assert_eq!(error["error_code"], code, "{path}");
        assert!(error["error"].is_string(), "{path}");
    }
    let missing = call_with_key(&server, Method::GET, "/api/content/none", good, "").await;
    assert_eq!(missing.json::<Value>().await.unwrap()["error"], "Content not found");
    server.shutdown().await;
}

#[tokio::test]
async fn health_needs_no_key() {
    let server = demo_server_builder().start().await.unwrap();
    let health: Value = call_with_key(&server, Method::GET, "/api/health", None, "").await.json().await.unwrap();
    assert_eq!(health["status"], "healthy");
    server.shutdown().await;
}

#[tokio::test]
async fn items_of_other_projects_are_not_found() {
    let server = demo_server_builder().start().await.unwrap();
    let answer = moderate(&server, json!({"content": "mine"})).await;
    let other = server.create_project("Other").await.unwrap();
    let other = server.create_api_key(&other, "test").await.unwrap();
    let path = format!("/api/content/{}", answer["content_id"].as_str().unwrap());
    assert_eq!(call_with_key(&server, Method::GET, &path, Some(&other), "").await.status(), 404);
    server.shutdown().await;
}
