//! A key creates short-lived tokens for web pages. A token has at most the key's scopes and never outlives the key.

use automoderate_server::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, eventually};
use crate::web::Caller;

fn token_caller(answer: &Value) -> Caller {
    let token = answer["token"].as_str().unwrap();
    assert!(token.starts_with("amt_"));
    Caller::Key(token.to_owned())
}

#[tokio::test]
async fn a_token_is_accepted_wherever_a_key_is() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, key) = (demo_project_id(&server), Caller::Key(demo_api_key(&server)));
    let before = jiff::Timestamp::now();
    let answer = key.post(&server, "/api/tokens", Value::Null).await;
    let end: jiff::Timestamp = answer["expires_at"].as_str().unwrap().parse().unwrap();
    let ttl = end.duration_since(before).as_secs();
    assert!((899..=901).contains(&ttl), "{ttl}");
    let Caller::Key(token) = token_caller(&answer) else { unreachable!() };

    assert_eq!(Caller::Key(token.clone()).get(&server, "/api/stats").await["success"], true);
    let with_header = {
        let mut request = Socket::request(&server.base_url(), "");
        request.headers_mut().insert("x-api-key", token.parse().unwrap());
        Socket::open(request, "").await.unwrap()
    };
    let in_query = Socket::open(Socket::request(&server.base_url(), &format!("&api_key={token}")), "").await.unwrap();
    let auth = json!({"api_key": token}).to_string();
    let in_auth = Socket::open(Socket::request(&server.base_url(), ""), &auth).await.unwrap();
    for mut socket in [with_header, in_query, in_auth] {
        socket.expect_accepted().await;
        socket.join(&id).await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_token_is_limited_to_its_scopes() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let key = Caller::with_new_key(&server, &id, &[Scope::Read, Scope::Submit]).await;
    let submit = (Method::POST, "/api/moderate", json!({"content": "x"}));
    let reads = token_caller(&key.post(&server, "/api/tokens", json!({})).await);
    reads.expect_failure(&server, submit.clone(), (403, "access_denied")).await;
    let submits = token_caller(&key.post(&server, "/api/tokens", json!({"scopes": ["submit"]})).await);
    assert_eq!(submits.call(&server, submit.0, submit.1, submit.2).await.0, 200);
    submits.expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (403, "access_denied")).await;
    // A token cannot create another token.
    submits.expect_failure(&server, (Method::POST, "/api/tokens", json!({})), (403, "access_denied")).await;

    let body = json!({"scopes": ["read", "rules"]});
    let (status, answer) = key.call(&server, Method::POST, "/api/tokens", body).await;
    assert_eq!((status, &answer["code"], &answer["scope"]), (403, &json!("access_denied"), &json!("rules")));
    for body in [json!({"ttl": 0}), json!({"ttl": 86_401}), json!({"scopes": []})] {
        key.expect_failure(&server, (Method::POST, "/api/tokens", body), (400, "invalid_argument")).await;
    }
    for body in [json!({"ttl": "long"}), json!({"ttl": -1}), json!({"scopes": ["all"]})] {
        key.expect_failure(&server, (Method::POST, "/api/tokens", body), (422, "unprocessable")).await;
    }
    key.post(&server, "/api/tokens", json!({"ttl": 86_400})).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_token_expires() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, key) = (demo_project_id(&server), Caller::Key(demo_api_key(&server)));
    let token = token_caller(&key.post(&server, "/api/tokens", json!({"ttl": 2})).await);
    let (mut socket, mut program) = (token.connect_socket(&server).await, key.connect_socket(&server).await);
    socket.join(&id).await;
    program.join(&id).await;
    assert_eq!(socket.expect_dismissal().await["code"], "token_expired");
    token.expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (401, "token_expired")).await;
    assert!(token.open_socket(&server).await.expect_refusal().await.contains("The token has expired"));
    // The key remains valid, and its sockets stay open.
    assert_eq!(program.emit_with_ack("heartbeat", json!({})).await["ok"], true);
    server.shutdown().await;
}

#[tokio::test]
async fn a_token_ends_with_its_key() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let made = owner.post(&server, &path, json!({"name": "k"})).await["key"].clone();
    let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    let token = token_caller(&key.post(&server, "/api/tokens", json!({})).await);
    let mut socket = token.connect_socket(&server).await;
    owner.delete(&server, &format!("{path}/{}", made["id"].as_str().unwrap())).await;
    socket.expect_authentication_failed().await;
    token.expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed")).await;
    server.shutdown().await;
}

/// A key that was created by an older version has no stored public key with which to verify its tokens.
#[tokio::test]
async fn a_key_of_an_older_version_creates_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::databases::folder_database_url(folder.path());
    let server = demo_server_builder().database(&url).start().await.unwrap();
    let key = Caller::Key(demo_api_key(&server));
    crate::sql::execute(&url, "UPDATE api_keys SET token_key = NULL").await;
    // This call makes the server cache the key without a public key.
    key.get(&server, "/api/stats").await;
    let token = token_caller(&key.post(&server, "/api/tokens", json!({})).await);
    eventually("the token is accepted", async || {
        token.call(&server, Method::GET, "/api/stats", Value::Null).await.0 == 200
    })
    .await;
    server.shutdown().await;
}
