//! Administrators of the server manage users. A deactivated user is signed out everywhere immediately.

use automoderate_server::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::administration::CommandRunner;
use crate::databases;
use crate::support::{Socket, demo_project_id, demo_server_builder};
use crate::web::{Caller, TEST_PASSWORD, member_id};

#[tokio::test]
async fn administrators_create_users() {
    let server = demo_server_builder().start().await.unwrap();
    let admin = Caller::demo_user(&server).await;
    let body = json!({"email": "new@example.org", "password": TEST_PASSWORD});
    let made = admin.post(&server, "/api/users", body.clone()).await["user"].clone();
    assert_eq!((&made["is_admin"], &made["is_active"]), (&json!(false), &json!(true)));
    admin.expect_failure(&server, (Method::POST, "/api/users", body), (409, "email_taken")).await;
    for (email, password) in [("nobody", TEST_PASSWORD), ("@x", TEST_PASSWORD), ("x@example.org", "short")] {
        let body = json!({"email": email, "password": password});
        admin.expect_failure(&server, (Method::POST, "/api/users", body), (422, "unprocessable")).await;
    }
    let new = Caller::sign_in(&server, "new@example.org", TEST_PASSWORD).await;
    new.expect_failure(&server, (Method::GET, "/api/users", Value::Null), (403, "access_denied")).await;
    let path = format!("/api/users/{}", made["id"].as_str().unwrap());
    new.expect_failure(&server, (Method::PATCH, &path, json!({"is_admin": true})), (403, "access_denied")).await;
    admin.patch(&server, &path, json!({"is_admin": true})).await;
    assert_eq!(new.get(&server, "/api/users").await["users"].as_array().unwrap().len(), 2);
    new.expect_failure(&server, (Method::PATCH, &path, json!({"is_active": false})), (409, "own_account")).await;
    admin.expect_failure(&server, (Method::PATCH, "/api/users/none", json!({})), (404, "not_found")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_deactivated_user_is_signed_out_at_once() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, admin) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let user = Caller::add_signed_in_user(&server, "user@example.org", &id, Some(Role::Admin)).await;
    let mut socket = user.connect_socket(&server).await;
    socket.join(&id).await;
    let path = format!("/api/users/{}", member_id(&server, &admin, &id, "user@example.org").await);
    admin.patch(&server, &path, json!({"is_active": false})).await;
    socket.expect_authentication_failed().await;
    user.expect_failure(&server, (Method::GET, "/api/projects", Value::Null), (401, "authentication_failed")).await;
    assert!(user.open_socket(&server).await.expect_refusal().await.starts_with("Authentication failed"));
    admin.patch(&server, &path, json!({"is_active": true})).await;
    // Reactivating the user does not restore the sessions that the deactivation ended.
    assert!(user.open_socket(&server).await.expect_refusal().await.starts_with("Authentication failed"));
    Caller::sign_in(&server, "user@example.org", TEST_PASSWORD).await.connect_socket(&server).await.join(&id).await;
    server.shutdown().await;
}

#[tokio::test]
async fn stale_invalidations_do_not_end_newer_access() {
    const NEW_PASSWORD: &str = "another horse battery";
    let folder = tempfile::tempdir().unwrap();
    let commands = CommandRunner::for_folder(folder.path());
    let server = demo_server_builder().database(databases::folder_database_url(folder.path())).start().await.unwrap();
    let (id, admin) = (demo_project_id(&server), Caller::demo_user(&server).await);
    Caller::add_signed_in_user(&server, "user@example.org", &id, Some(Role::Member)).await;
    let path = format!("/api/users/{}", member_id(&server, &admin, &id, "user@example.org").await);
    let member = path.replace("/api/users", &format!("/api/projects/{id}/members"));
    let key = commands.run_ok(&["key", "create", "--project", &id]).await;
    let mut last = Socket::connect_with_key(&server, key["api_key"].as_str().unwrap()).await;

    admin.patch(&server, &path, json!({"is_active": false})).await;
    admin.patch(&server, &path, json!({"is_active": true, "password": NEW_PASSWORD})).await;
    admin.delete(&server, &member).await;
    server.add_member(&id, "user@example.org").await.unwrap();
    let mut socket = Caller::sign_in(&server, "user@example.org", NEW_PASSWORD).await.connect_socket(&server).await;
    socket.join(&id).await;
    // Changes are handled in order, so once the revocation has closed the key's socket, all earlier changes have been handled.
    commands.run_ok(&["key", "revoke", "--key", key["key"]["id"].as_str().unwrap()]).await;
    last.expect_authentication_failed().await;
    assert_eq!(socket.emit_with_ack("heartbeat", json!({})).await["ok"], true);
    let seen = socket.take_skipped();
    assert!(!seen.iter().any(|packet| packet.contains("project_access_denied")), "{seen:?}");
    server.shutdown().await;
}
