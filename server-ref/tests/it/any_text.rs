//! Any text is returned unchanged or refused; it is never truncated or run as SQL.

use automoderate_server::{Action, Error, NewRule, RuleKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, moderate};
use crate::web::Caller;

#[tokio::test]
async fn items_are_returned_unchanged() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::Key(demo_api_key(&server));
    let mut socket = Socket::connect(&server).await;
    socket.join(&demo_project_id(&server)).await;
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
        let event = socket.next_event("moderation_update").await;
        assert_eq!((&event["content_id"], &event["meta_data"]), (&id.into(), &metadata));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn names_and_ids_with_a_nul_character_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::Key(demo_api_key(&server));
    let user = Caller::demo_user(&server).await;
    let id = demo_project_id(&server);
    let rule = json!({"name": "a\0b", "type": "keyword", "data": {"keywords": ["x"]}, "action": "reject"});
    let rules = format!("/api/projects/{id}/rules");
    user.expect_failure(&server, (Method::POST, "/api/projects", json!({"name": "a\0b"})), (422, "unprocessable"))
        .await;
    user.expect_failure(&server, (Method::POST, &rules, rule), (422, "unprocessable")).await;
    let body = json!({"content": "x", "type": "a\0b"});
    key.expect_failure(&server, (Method::POST, "/api/moderate", body), (400, "invalid_argument")).await;
    key.expect_failure(&server, (Method::GET, "/api/content/a%00b", Value::Null), (404, "not_found")).await;
    // E-mail addresses, project ids, and names of keys must not contain U+0000 either.
    let member = json!({"email": "a\0@example.org"});
    user.expect_failure(
        &server,
        (Method::POST, &format!("/api/projects/{id}/invitations"), member),
        (422, "unprocessable"),
    )
    .await;
    user.expect_failure(&server, (Method::GET, "/api/stats?project_id=a%00b", Value::Null), (404, "not_found")).await;
    let person = json!({"email": "a\0@example.org", "password": "long enough"});
    user.expect_failure(&server, (Method::POST, "/api/users", person), (422, "unprocessable")).await;
    let keys = format!("/api/projects/{id}/keys");
    user.expect_failure(&server, (Method::POST, &keys, json!({"name": "a\0b"})), (422, "unprocessable")).await;
    // The methods of the Rust API check texts in the same way.
    assert!(matches!(server.create_project("a\0b").await, Err(Error::NulCharacter("name"))));
    assert!(matches!(server.create_api_key(&id, "a\0b").await, Err(Error::NulCharacter("name"))));
    assert!(matches!(server.create_user("a\0b", "long enough").await, Err(Error::NulCharacter("email"))));
    let kind = RuleKind::Keyword { keywords: vec!["x".into()], case_sensitive: false };
    let rule = NewRule { name: "a\0b".into(), kind, action: Action::Flag, priority: 0 };
    assert!(matches!(server.add_rule(&id, rule).await, Err(Error::NulCharacter("name"))));
    // Keywords may contain any character, because the database stores them as JSON, in which U+0000 is escaped.
    let rule = json!({"name": "Zero", "type": "keyword", "data": {"keywords": ["a\0b"]}, "action": "reject"});
    user.post(&server, &rules, rule).await;
    assert_eq!(moderate(&server, json!({"content": "xa\0by"})).await["status"], "rejected");
    server.shutdown().await;
}
