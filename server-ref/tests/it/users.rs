//! Users are managed by administrators of the server; a deactivated user is signed out everywhere at once.

use automoderate_server::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::administration::Administrator;
use crate::databases;
use crate::support::{Socket, project, server};
use crate::web::{Caller, PASSWORD, user_id};

#[tokio::test]
async fn made_by_an_administrator() {
    let server = server().start().await.unwrap();
    let admin = Caller::demo(&server).await;
    let body = json!({"email": "new@example.org", "password": PASSWORD});
    let made = admin.post(&server, "/api/users", body.clone()).await["user"].clone();
    assert_eq!((&made["is_admin"], &made["is_active"]), (&json!(false), &json!(true)));
    admin.fails(&server, (Method::POST, "/api/users", body), (409, "email_taken")).await;
    for (email, password) in [("nobody", PASSWORD), ("@x", PASSWORD), ("x@example.org", "short")] {
        let body = json!({"email": email, "password": password});
        admin.fails(&server, (Method::POST, "/api/users", body), (422, "unprocessable")).await;
    }
    let new = Caller::sign_in(&server, "new@example.org", PASSWORD).await;
    new.fails(&server, (Method::GET, "/api/users", Value::Null), (403, "access_denied")).await;
    let path = format!("/api/users/{}", made["id"].as_str().unwrap());
    new.fails(&server, (Method::PATCH, &path, json!({"is_admin": true})), (403, "access_denied")).await;
    admin.patch(&server, &path, json!({"is_admin": true})).await;
    assert_eq!(new.get(&server, "/api/users").await["users"].as_array().unwrap().len(), 2);
    new.fails(&server, (Method::PATCH, &path, json!({"is_active": false})), (409, "own_account")).await;
    admin.fails(&server, (Method::PATCH, "/api/users/none", json!({})), (404, "not_found")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_deactivated_user_is_out_at_once() {
    let server = server().start().await.unwrap();
    let (id, admin) = (project(&server), Caller::demo(&server).await);
    let user = Caller::user(&server, "user@example.org", &id, Some(Role::Admin)).await;
    let mut socket = user.socket(&server).await;
    socket.join(&id).await;
    let path = format!("/api/users/{}", user_id(&server, &admin, &id, "user@example.org").await);
    admin.patch(&server, &path, json!({"is_active": false})).await;
    socket.dismissed().await;
    user.fails(&server, (Method::GET, "/api/projects", Value::Null), (401, "authentication_failed")).await;
    assert!(user.knock(&server).await.refused().await.starts_with("Authentication failed"));
    admin.patch(&server, &path, json!({"is_active": true})).await;
    // The sessions from before stay ended.
    assert!(user.knock(&server).await.refused().await.starts_with("Authentication failed"));
    Caller::sign_in(&server, "user@example.org", PASSWORD).await.socket(&server).await.join(&id).await;
    server.shutdown().await;
}

#[tokio::test]
async fn old_news_does_not_take_back_what_was_granted_again() {
    const NEXT: &str = "another horse battery";
    let folder = tempfile::tempdir().unwrap();
    let commands = Administrator::of(folder.path());
    let server = server().database(databases::of(folder.path())).start().await.unwrap();
    let (id, admin) = (project(&server), Caller::demo(&server).await);
    Caller::user(&server, "user@example.org", &id, Some(Role::Member)).await;
    let path = format!("/api/users/{}", user_id(&server, &admin, &id, "user@example.org").await);
    let member = path.replace("/api/users", &format!("/api/projects/{id}/members"));
    let key = commands.does(&["key", "create", "--project", &id]).await;
    let mut last = Socket::connect_with(&server, key["api_key"].as_str().unwrap()).await;

    admin.patch(&server, &path, json!({"is_active": false})).await;
    admin.patch(&server, &path, json!({"is_active": true, "password": NEXT})).await;
    admin.delete(&server, &member).await;
    server.add_member(&id, "user@example.org").await.unwrap();
    let mut socket = Caller::sign_in(&server, "user@example.org", NEXT).await.socket(&server).await;
    socket.join(&id).await;
    // The server learns of this only after its own changes.
    commands.does(&["key", "revoke", "--key", key["key"]["id"].as_str().unwrap()]).await;
    last.dismissed().await;
    assert_eq!(socket.ask("heartbeat", json!({})).await["ok"], true);
    let seen = socket.take_seen();
    assert!(!seen.iter().any(|packet| packet.contains("project_access_denied")), "{seen:?}");
    server.shutdown().await;
}
