//! A key may be limited to a number of requests within a minute, which its tokens share.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{project, server};
use crate::web::Caller;

#[tokio::test]
async fn a_key_and_its_tokens_share_the_requests_of_a_minute() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
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
    // A change of a key forgets what is known of keys, but not their requests.
    owner.post(&server, &path, json!({"name": "other"})).await;
    key.fails(&server, (Method::GET, "/api/stats", Value::Null), (429, "rate_limited")).await;
    Caller::Key(crate::support::key(&server)).get(&server, "/api/stats").await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_rate_is_from_1_to_6000() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/keys");
    for bad in [0, -1, 6001] {
        let body = json!({"name": "k", "requests_per_minute": bad});
        owner.fails(&server, (Method::POST, &path, body), (422, "unprocessable")).await;
    }
    server.shutdown().await;
}
