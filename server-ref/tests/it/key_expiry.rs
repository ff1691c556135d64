//! When a key expires, the server refuses the key's requests and closes its sockets.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::clock::timestamp_in;
use crate::support::{demo_project_id, demo_server_builder, eventually};
use crate::web::Caller;

#[tokio::test]
async fn an_expired_key_loses_requests_and_sockets() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let end = timestamp_in(Duration::from_secs(2));
    let made = owner.post(&server, &path, json!({"name": "k", "expires_at": end})).await["key"].clone();
    assert!(made["expires_at"].as_str().unwrap().ends_with('Z'));
    let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    // A token does not outlive its key.
    let token = key.post(&server, "/api/tokens", json!({"ttl": 3600})).await;
    assert_eq!(token["expires_at"], made["expires_at"]);
    let token = Caller::Key(token["token"].as_str().unwrap().to_owned());
    let mut sockets = [key.connect_socket(&server).await, token.connect_socket(&server).await];
    sockets[0].join(&id).await;
    for socket in &mut sockets {
        socket.expect_authentication_failed().await;
    }
    let late = jiff::Timestamp::now().duration_since(end.parse().unwrap());
    assert!(late.as_millis() >= 0 && late.as_millis() < 1000, "{late:?}");
    for caller in [&key, &token] {
        caller.expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed")).await;
        assert!(caller.open_socket(&server).await.expect_refusal().await.contains("expired"));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_socket_closed_before_expiry_leaks_no_tasks() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let body = json!({"name": "k", "expires_at": timestamp_in(Duration::from_secs(3600))});
    let made = owner.post(&server, &format!("/api/projects/{id}/keys"), body).await["key"].clone();
    let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    let runtime = tokio::runtime::Handle::current();
    drop(key.connect_socket(&server).await);
    let tasks = || runtime.metrics().num_alive_tasks();
    eventually("the first connection is closed", async || tasks() < 40).await;
    let before = tasks();
    for _ in 0..20 {
        drop(key.connect_socket(&server).await);
    }
    eventually("the tasks have ended", async || tasks() <= before + 5).await;
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_expiry_times_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    for time in ["yesterday", "2020-01-01T00:00:00Z", "2030-01-01", ""] {
        let body = json!({"name": "k", "expires_at": time});
        owner.expect_failure(&server, (Method::POST, &path, body), (422, "unprocessable")).await;
    }
    let body = json!({"name": "k", "expires_at": "2090-01-01T02:00:00+02:00"});
    assert_eq!(owner.post(&server, &path, body).await["key"]["expires_at"], "2090-01-01T00:00:00Z");
    server.shutdown().await;
}
