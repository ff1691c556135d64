//! Texts with a special meaning in SQL, HTML, JSON, or a terminal are treated as plain text and returned unchanged, apart from whitespace
//! around names and messages.

use automoderate_server::RunningServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, http_client, moderate};
use crate::web::Caller;

const HOSTILE_TEXTS: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; DROP TABLE contents; --",
    "' OR '1'='1",
    "%27%20OR%201=1 %00 %s %n {0} ${jndi:ldap://x} {{7*7}}",
    "\\\"}],\"status\":\"approved\"",
    "42[\"moderation_update\",{}]\u{1e}41",
    "line\r\nSet-Cookie: a=b\r\n\r\n",
    "\u{7f}\u{1b}[2J\u{8}\u{feff}\u{2028}\u{2029}",
    "\u{202e}right to left\u{202c}",
    "ﷺ 👩‍👩‍👧‍👦 \u{1f1e9}\u{1f1ea} e\u{301}\u{301}\u{301}",
    "\u{10ffff}\u{fffd}",
];

#[tokio::test]
async fn items_are_returned_as_sent() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::Key(demo_api_key(&server));
    let mut socket = Socket::connect(&server).await;
    socket.join(&demo_project_id(&server)).await;
    for text in HOSTILE_TEXTS {
        let body =
            json!({"content": text, "metadata": {text: text, "user_id": text, "nested": {"list": [text, null, 1.5]}}});
        let answer = moderate(&server, body.clone()).await;
        let update = socket.next_event("moderation_update").await;
        assert_eq!(update["content_id"], answer["content_id"]);
        assert_eq!(update["content_preview"], text);
        assert_eq!(update["meta_data"], body["metadata"]);
        assert_eq!(socket.next_event("user_activity").await["user_id"], text);
        let path = format!("/api/content/{}", answer["content_id"].as_str().unwrap());
        let content = key.get(&server, &path).await["content"].clone();
        assert_eq!((&content["content_data"], &content["meta_data"]), (&json!(text), &body["metadata"]));
    }
    let statistics = key.get(&server, "/api/stats").await;
    assert_eq!(statistics["stats"]["total_content"], HOSTILE_TEXTS.len());
    server.shutdown().await;
}

#[tokio::test]
async fn names_rules_and_notifications_are_returned_as_sent() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    for text in HOSTILE_TEXTS {
        let name = text.trim();
        let body = json!({"name": name, "type": "keyword", "data": {"keywords": [text]}, "action": "flagged"});
        let rule = owner.post(&server, &format!("/api/projects/{id}/rules"), body).await["rule"].clone();
        assert_eq!(socket.next_event("rule_update").await["rule"]["name"], name);
        assert_eq!(moderate(&server, json!({"content": format!("a {text} b")})).await["status"], "flagged", "{text:?}");
        owner.delete(&server, &format!("/api/projects/{id}/rules/{}", rule["id"].as_str().unwrap())).await;
        assert_eq!(socket.next_event("rule_update").await["action"], "deleted");

        let body = json!({"type": "info", "message": text, "project_id": id});
        owner.post(&server, "/api/notifications", body).await;
        assert_eq!(socket.next_event("system_notification").await["message"], name);

        let made = owner.post(&server, "/api/projects", json!({"name": name})).await["project"].clone();
        assert_eq!(made["name"], name);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn hostile_paths_and_ids_find_nothing() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::Key(demo_api_key(&server));
    let mut socket = Socket::connect(&server).await;
    for text in HOSTILE_TEXTS {
        let quoted: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let quoted = quoted.replace('+', "%20");
        key.expect_failure(&server, (Method::GET, &format!("/api/content/{quoted}"), Value::Null), (404, "not_found"))
            .await;
        let path = format!("/api/projects/{quoted}/rules");
        let (status, answer) = key.call(&server, Method::GET, &path, Value::Null).await;
        assert!([403, 404].contains(&status), "{status} {answer}");
        socket.emit("join_project", json!({"project_id": text})).await;
        let error = socket.next_event("error").await;
        assert!(["invalid_argument", "project_not_found"].contains(&error["code"].as_str().unwrap()), "{error}");
    }
    server.shutdown().await;
}

async fn submit_body(server: &RunningServer, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let url = format!("{}/api/moderate", server.base_url());
    let response = http_client().post(url).header("x-api-key", demo_api_key(server)).body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn invalid_and_oversized_json_is_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for body in [
        format!(r#"{{"content":"x","metadata":{{"a":{}}}}}"#, nested(400_000)),
        format!(r#"{{"content":{}}}"#, nested(1000)),
        "[".repeat(900_000),
        r#"{"content":"\ud800"}"#.to_owned(),
        r#"{"content":"x","content":"y""#.to_owned(),
        r#"{"content":1e999}"#.to_owned(),
    ] {
        let (status, answer) = submit_body(&server, body.clone()).await;
        assert!([400, 422].contains(&status), "{}: {status} {answer}", &body[..40.min(body.len())]);
        assert_eq!(answer["success"], false);
        assert!(answer["error"].is_string() && answer["code"].is_string());
    }
    // The body is not valid UTF-8.
    let (status, answer) = submit_body(&server, b"{\"content\":\"\xff\xfe\"}".to_vec()).await;
    assert_eq!((status, &answer["code"]), (400, &json!("invalid_argument")));
    // Deeply nested metadata within the limit is accepted.
    let body = format!(r#"{{"content":"deep","metadata":{{"a":{}}}}}"#, nested(60));
    assert_eq!(submit_body(&server, body).await.0, 200);
    server.shutdown().await;
}
