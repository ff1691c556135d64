//! A key makes tokens for pages: with at most its scopes, for a short time, and never beyond its own end.

use automoderate_server::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, eventually, key, project, server};
use crate::web::Caller;

fn token(answer: &Value) -> Caller {
    let token = answer["token"].as_str().unwrap();
    assert!(token.starts_with("amt_"));
    Caller::Key(token.to_owned())
}

#[tokio::test]
async fn it_goes_wherever_a_key_goes() {
    let server = server().start().await.unwrap();
    let (id, key) = (project(&server), Caller::Key(key(&server)));
    let before = jiff::Timestamp::now();
    let answer = key.post(&server, "/api/tokens", Value::Null).await;
    let end: jiff::Timestamp = answer["expires_at"].as_str().unwrap().parse().unwrap();
    let ttl = end.duration_since(before).as_secs();
    assert!((899..=901).contains(&ttl), "{ttl}");
    let Caller::Key(token) = token(&answer) else { unreachable!() };

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
        socket.accepted().await;
        socket.join(&id).await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn it_does_what_it_was_made_for() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let key = Caller::key(&server, &id, &[Scope::Read, Scope::Submit]).await;
    let submit = (Method::POST, "/api/moderate", json!({"content": "x"}));
    let reads = token(&key.post(&server, "/api/tokens", json!({})).await);
    reads.fails(&server, submit.clone(), (403, "access_denied")).await;
    let submits = token(&key.post(&server, "/api/tokens", json!({"scopes": ["submit"]})).await);
    assert_eq!(submits.call(&server, submit.0, submit.1, submit.2).await.0, 200);
    submits.fails(&server, (Method::GET, "/api/stats", Value::Null), (403, "access_denied")).await;
    // It makes no other.
    submits.fails(&server, (Method::POST, "/api/tokens", json!({})), (403, "access_denied")).await;

    let body = json!({"scopes": ["read", "rules"]});
    let (status, answer) = key.call(&server, Method::POST, "/api/tokens", body).await;
    assert_eq!((status, &answer["code"], &answer["scope"]), (403, &json!("access_denied"), &json!("rules")));
    for body in [json!({"ttl": 0}), json!({"ttl": 86_401}), json!({"scopes": []})] {
        key.fails(&server, (Method::POST, "/api/tokens", body), (400, "invalid_argument")).await;
    }
    for body in [json!({"ttl": "long"}), json!({"ttl": -1}), json!({"scopes": ["all"]})] {
        key.fails(&server, (Method::POST, "/api/tokens", body), (422, "unprocessable")).await;
    }
    key.post(&server, "/api/tokens", json!({"ttl": 86_400})).await;
    server.shutdown().await;
}

#[tokio::test]
async fn it_ends_by_itself() {
    let server = server().start().await.unwrap();
    let (id, key) = (project(&server), Caller::Key(key(&server)));
    let token = token(&key.post(&server, "/api/tokens", json!({"ttl": 2})).await);
    let (mut socket, mut program) = (token.socket(&server).await, key.socket(&server).await);
    socket.join(&id).await;
    program.join(&id).await;
    assert_eq!(socket.dismissal().await["code"], "token_expired");
    token.fails(&server, (Method::GET, "/api/stats", Value::Null), (401, "token_expired")).await;
    assert!(token.knock(&server).await.refused().await.contains("The token has expired"));
    // The key and its sockets still work.
    assert_eq!(program.ask("heartbeat", json!({})).await["ok"], true);
    server.shutdown().await;
}

#[tokio::test]
async fn it_ends_with_its_key() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let made = owner.post(&server, &path, json!({"name": "k"})).await["key"].clone();
    let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    let token = token(&key.post(&server, "/api/tokens", json!({})).await);
    let mut socket = token.socket(&server).await;
    owner.delete(&server, &format!("{path}/{}", made["id"].as_str().unwrap())).await;
    socket.dismissed().await;
    token.fails(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed")).await;
    server.shutdown().await;
}

/// A key of an older server has no stored secret that verifies its tokens.
#[tokio::test]
async fn a_key_from_before_tokens_makes_them_too() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::databases::of(folder.path());
    let server = server().database(&url).start().await.unwrap();
    let key = Caller::Key(key(&server));
    crate::sql::execute(&url, "UPDATE api_keys SET token_key = NULL").await;
    // This server knows the key without that secret.
    key.get(&server, "/api/stats").await;
    let token = token(&key.post(&server, "/api/tokens", json!({})).await);
    eventually("it is good", async || token.call(&server, Method::GET, "/api/stats", Value::Null).await.0 == 200).await;
    server.shutdown().await;
}
