//! Any text comes back unchanged, or is refused: never truncated, never as SQL.

use automoderate_server::{Action, Error, NewRule, RuleKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, key, moderate, project, server};
use crate::web::Caller;

#[tokio::test]
async fn contents_come_back_as_they_were() {
    let server = server().start().await.unwrap();
    let key = Caller::Key(key(&server));
    let mut socket = Socket::connect(&server).await;
    socket.join(&project(&server)).await;
    let long = "ä\u{10ffff}".repeat(20_000);
    for text in [
        "\0",
        "a\0b\0",
        "'; DROP TABLE contents; --",
        "$1 ? :x \\ \" % _ \u{fffd} \u{202e} \u{feff}",
        "<script>alert(1)</script>",
        "\u{1}\u{7f}\r\n\t",
        &long,
    ] {
        let short: String = text.chars().take(50).collect();
        let metadata = json!({"text": short, "user_id": short});
        let answer = moderate(&server, json!({"content": text, "metadata": metadata})).await;
        let id = answer["content_id"].as_str().unwrap();
        let stored = key.get(&server, &format!("/api/content/{id}")).await["content"].clone();
        assert_eq!((&stored["content_data"], &stored["meta_data"]), (&text.into(), &metadata));
        let event = socket.event("moderation_update").await;
        assert_eq!((&event["content_id"], &event["meta_data"]), (&id.into(), &metadata));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn names_and_ids_with_a_zero_are_refused() {
    let server = server().start().await.unwrap();
    let key = Caller::Key(key(&server));
    let user = Caller::demo(&server).await;
    let id = project(&server);
    let rule = json!({"name": "a\0b", "type": "keyword", "data": {"keywords": ["x"]}, "action": "reject"});
    let rules = format!("/api/projects/{id}/rules");
    user.fails(&server, (Method::POST, "/api/projects", json!({"name": "a\0b"})), (422, "unprocessable")).await;
    user.fails(&server, (Method::POST, &rules, rule), (422, "unprocessable")).await;
    let body = json!({"content": "x", "type": "a\0b"});
    key.fails(&server, (Method::POST, "/api/moderate", body), (400, "invalid_argument")).await;
    key.fails(&server, (Method::GET, "/api/content/a%00b", Value::Null), (404, "not_found")).await;
    // Nor does any name: these look for values that can't exist.
    let member = json!({"email": "a\0@example.org"});
    user.fails(&server, (Method::POST, &format!("/api/projects/{id}/invitations"), member), (422, "unprocessable"))
        .await;
    user.fails(&server, (Method::GET, "/api/stats?project_id=a%00b", Value::Null), (404, "not_found")).await;
    let person = json!({"email": "a\0@example.org", "password": "long enough"});
    user.fails(&server, (Method::POST, "/api/users", person), (422, "unprocessable")).await;
    let keys = format!("/api/projects/{id}/keys");
    user.fails(&server, (Method::POST, &keys, json!({"name": "a\0b"})), (422, "unprocessable")).await;
    // A program's own calls.
    assert!(matches!(server.create_project("a\0b").await, Err(Error::Text("name"))));
    assert!(matches!(server.create_api_key(&id, "a\0b").await, Err(Error::Text("name"))));
    assert!(matches!(server.create_user("a\0b", "long enough").await, Err(Error::Text("email"))));
    let kind = RuleKind::Keyword { keywords: vec!["x".into()], case_sensitive: false };
    let rule = NewRule { name: "a\0b".into(), kind, action: Action::Flag, priority: 0 };
    assert!(matches!(server.add_rule(&id, rule).await, Err(Error::Text("name"))));
    // Keywords may be anything, because they are searched in texts, not in the database.
    let rule = json!({"name": "Zero", "type": "keyword", "data": {"keywords": ["a\0b"]}, "action": "reject"});
    user.post(&server, &rules, rule).await;
    assert_eq!(moderate(&server, json!({"content": "xa\0by"})).await["status"], "rejected");
    server.shutdown().await;
}
