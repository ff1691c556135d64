//! Rules apply as soon as they are added, and each change is sent as a `rule_update` event.

use automoderate_server::{Action, Error, NewRule, RuleKind, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_project_id, demo_server_builder, moderate};
use crate::web::Caller;

#[tokio::test]
async fn a_rule_added_at_runtime_applies_at_once() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].as_i64().unwrap();
    assert_eq!(moderate(&server, json!({"content": "ping pong"})).await["status"], "approved");

    let rule = NewRule {
        name: "No Games".into(),
        kind: RuleKind::Keyword { keywords: vec!["PING".into()], case_sensitive: false },
        action: Action::Reject,
        priority: 100,
    };
    let rule_id = server.add_rule(&id, rule.clone()).await.unwrap();
    let update = socket.next_event("rule_update").await;
    assert_eq!(update["event_id"], head + 2);
    assert_eq!(update["project_id"], *id);
    assert_eq!(update["action"], "created");
    let expected = json!({"id": rule_id, "name": "No Games", "type": "keyword", "is_active": true, "priority": 100, "action": "reject"});
    assert_eq!(update["rule"], expected);
    assert!(update["timestamp"].as_str().unwrap().ends_with('Z'));
    let answer = moderate(&server, json!({"content": "ping pong"})).await;
    assert_eq!(answer["status"], "rejected");
    assert_eq!(answer["moderation_results"][0]["rule_id"], *rule_id);

    let broken = NewRule { kind: RuleKind::Regex { pattern: "(".into(), flags: vec![] }, ..rule.clone() };
    assert!(matches!(server.add_rule(&id, broken).await, Err(Error::InvalidRule(_))));
    assert!(matches!(server.add_rule("nowhere", rule).await, Err(Error::NotFound(_))));
    server.shutdown().await;
}

#[tokio::test]
async fn each_change_over_rest_applies_at_once_and_sends_an_event() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let key = Caller::with_new_key(&server, &id, &[Scope::Rules]).await;
    let path = format!("/api/projects/{id}/rules");
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;

    let body = json!({"name": "No Games", "type": "keyword", "data": {"keywords": ["ping"]}, "action": "rejected", "priority": 7});
    let made = key.post(&server, &path, body).await["rule"].clone();
    assert_eq!(made["data"], json!({"keywords": ["ping"], "case_sensitive": false}));
    assert_eq!((&made["action"], &made["is_active"]), (&json!("reject"), &json!(true)));
    let update = socket.next_event("rule_update").await;
    assert_eq!((&update["action"], &update["rule"]["id"]), (&json!("created"), &made["id"]));
    assert_eq!(moderate(&server, json!({"content": "ping"})).await["status"], "rejected");

    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(key.get(&server, &one).await["rule"], made);
    let body = json!({"type": "regex", "rule_data": {"pattern": "^PONG$", "flags": ["i"]}, "action": "flag"});
    let changed = key.patch(&server, &one, body).await["rule"].clone();
    assert_eq!((&changed["name"], &changed["priority"]), (&made["name"], &made["priority"]));
    let update = socket.next_event("rule_update").await;
    assert_eq!((&update["action"], &update["rule"]["type"]), (&json!("updated"), &json!("regex")));
    assert_eq!(moderate(&server, json!({"content": "ping"})).await["status"], "approved");
    assert_eq!(moderate(&server, json!({"content": "pong"})).await["status"], "flagged");

    key.patch(&server, &one, json!({"is_active": false})).await;
    assert_eq!(socket.next_event("rule_update").await["rule"]["is_active"], false);
    assert_eq!(moderate(&server, json!({"content": "pong"})).await["status"], "approved");
    assert_eq!(key.get(&server, &path).await["rules"].as_array().unwrap().len(), 4);

    key.delete(&server, &one).await;
    let update = socket.next_event("rule_update").await;
    assert_eq!((&update["action"], &update["rule"]["id"]), (&json!("deleted"), &made["id"]));
    key.expect_failure(&server, (Method::GET, &one, Value::Null), (404, "not_found")).await;
    key.expect_failure(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_rules_are_refused_when_saved() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let key = Caller::with_new_key(&server, &id, &[Scope::Rules]).await;
    let path = format!("/api/projects/{id}/rules");
    let rule = |kind: &str, data: Value| json!({"name": "x", "type": kind, "data": data, "action": "flag"});
    for (kind, data) in [
        ("regex", json!({"pattern": "("})),
        ("regex", json!({"pattern": "a{9999}{9999}"})),
        ("regex", json!({"pattern": "a", "flags": ["x"]})),
        ("regex", json!({"keywords": ["a"]})),
        ("keyword", json!({"keywords": []})),
        ("keyword", json!("a")),
        ("telepathy", json!({})),
    ] {
        key.expect_failure(&server, (Method::POST, &path, rule(kind, data)), (422, "invalid_rule")).await;
    }
    let made = key.post(&server, &path, rule("regex", json!({"pattern": "a"}))).await;
    let one = format!("{path}/{}", made["rule"]["id"].as_str().unwrap());
    key.expect_failure(&server, (Method::PATCH, &one, json!({"data": {"pattern": "["}})), (422, "invalid_rule")).await;
    for body in
        [json!({"type": "keyword"}), json!({"action": "explode"}), json!({"name": ""}), json!({"priority": 9_000_000})]
    {
        key.expect_failure(&server, (Method::PATCH, &one, body), (422, "unprocessable")).await;
    }
    for missing in ["name", "type", "data", "action"] {
        let mut body = rule("regex", json!({"pattern": "a"}));
        body.as_object_mut().unwrap().remove(missing);
        key.expect_failure(&server, (Method::POST, &path, body), (422, "unprocessable")).await;
    }
    assert_eq!(key.get(&server, &one).await["rule"]["data"]["pattern"], "a");
    server.shutdown().await;
}
