//! Rules are in force as soon as they are added, and their `rule_update` is an event like any other.

use automoderate_server::{Action, Error, NewRule, RuleKind};
use serde_json::json;

use crate::support::{Socket, moderate, project, server};

#[tokio::test]
async fn added_at_runtime() {
    let server = server().start().await.unwrap();
    let id = project(&server);
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
    let update = socket.event("rule_update").await;
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
    assert!(matches!(server.add_rule(&id, broken).await, Err(Error::Rule(_))));
    assert!(matches!(server.add_rule("nowhere", rule).await, Err(Error::NotFound(_))));
    server.shutdown().await;
}
