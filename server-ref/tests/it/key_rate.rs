//! A key may be limited to a number of requests per minute. The key's tokens share its limit.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder};
use crate::web::Caller;

#[tokio::test]
async fn a_key_and_its_tokens_share_one_rate_limit() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let body = json!({"name": "k", "requests_per_minute": 3});
    let made = owner.post(&server, &path, body).await["key"].clone();
    assert_eq!(made["requests_per_minute"], 3);
    let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    let token = key.post(&server, "/api/tokens", json!({})).await["token"].as_str().unwrap().to_owned();
    let token = Caller::Key(token);
    key.get(&server, "/api/stats").await;
    token.get(&server, "/api/stats").await;
    for caller in [&key, &token] {
        let (status, answer) = caller.call(&server, Method::GET, "/api/stats", Value::Null).await;
        assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")));
        assert!((1..=61).contains(&answer["retry_after"].as_u64().unwrap()), "{answer}");
    }
    // Creating another key does not reset the request count, and other keys are not affected.
    owner.post(&server, &path, json!({"name": "other"})).await;
    key.expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (429, "rate_limited")).await;
    Caller::Key(crate::support::demo_api_key(&server)).get(&server, "/api/stats").await;
    server.shutdown().await;
}

#[tokio::test]
async fn rates_outside_1_to_6000_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    for bad in [0, -1, 6001] {
        let body = json!({"name": "k", "requests_per_minute": bad});
        owner.expect_failure(&server, (Method::POST, &path, body), (422, "unprocessable")).await;
    }
    server.shutdown().await;
}
