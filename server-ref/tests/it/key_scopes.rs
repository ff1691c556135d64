//! An API key may do only what its scopes allow, and if a scope is missing, the refusal names it.

use automoderate_server::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder, moderate};
use crate::web::{Caller, rejecting_rule};

#[tokio::test]
async fn a_refusal_names_the_missing_scope() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let content = moderate(&server, json!({"content": "x"})).await["content_id"].as_str().unwrap().to_owned();
    let review = format!("/api/content/{content}/review");
    let rules = format!("/api/projects/{id}/rules");
    let calls = [
        ("read", Method::GET, "/api/stats", Value::Null),
        ("submit", Method::POST, "/api/moderate", json!({"content": "x"})),
        ("review", Method::POST, &review, json!({"decision": "approve"})),
        ("rules", Method::POST, &rules, rejecting_rule("x")),
    ];
    for scope in Scope::ALL {
        let key = Caller::with_new_key(&server, &id, &[scope]).await;
        for (needed, method, path, body) in calls.clone() {
            let (status, answer) = key.call(&server, method, path, body).await;
            if needed == scope.as_str() {
                assert!((200..300).contains(&status), "{needed}: {answer}");
                assert_eq!(answer.get("scope"), None);
            } else {
                assert_eq!((status, &answer["code"]), (403, &json!("access_denied")), "{needed}: {answer}");
                assert_eq!(answer["scope"], needed);
            }
        }
    }
    // Even a key with all scopes may not list keys.
    let all = Caller::with_new_key(&server, &id, &Scope::ALL).await;
    let (status, answer) = all.call(&server, Method::GET, &format!("/api/projects/{id}/keys"), Value::Null).await;
    assert_eq!((status, answer.get("scope")), (403, None));
    server.shutdown().await;
}

#[tokio::test]
async fn a_new_key_may_read_and_submit() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let made = owner.post(&server, &path, json!({"name": "plain"})).await["key"].clone();
    assert_eq!(made["scopes"], json!(["read", "submit"]));
    assert_eq!((&made["expires_at"], &made["allowed_origins"]), (&Value::Null, &json!([])));
    assert_eq!((&made["is_active"], &made["last_used_at"]), (&json!(true), &Value::Null));
    assert_eq!(made["created_by"], server.demo().unwrap().email);
    let body = json!({"name": "chosen", "scopes": ["rules", "review", "rules"]});
    let made = owner.post(&server, &path, body).await["key"].clone();
    assert_eq!(made["scopes"], json!(["review", "rules"]));

    let listed = owner.get(&server, &path).await["keys"].clone();
    let scopes: Vec<_> = listed.as_array().unwrap().iter().map(|key| (&key["name"], &key["scopes"])).collect();
    let both = json!(["read", "submit"]);
    assert_eq!(
        scopes,
        [(&json!("demo"), &both), (&json!("plain"), &both), (&json!("chosen"), &json!(["review", "rules"]))]
    );
    // The demo key was created by the server itself.
    assert_eq!(listed[0]["created_by"], Value::Null);

    for scopes in [json!([]), json!(["everything"]), json!("read")] {
        let body = json!({"name": "bad", "scopes": scopes});
        owner.expect_failure(&server, (Method::POST, &path, body), (422, "unprocessable")).await;
    }
    server.shutdown().await;
}
