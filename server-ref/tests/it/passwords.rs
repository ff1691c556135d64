//! Changing a user's password immediately ends the user's other sessions and their sockets.

use automoderate_server::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder};
use crate::web::{Browser, Caller, TEST_PASSWORD, member_id};

const USER_EMAIL: &str = "ada@example.org";
const NEW_PASSWORD: &str = "another horse battery";

fn change_password_request(current: &str, new: &str) -> (Method, &'static str, Value) {
    (Method::PUT, "/api/me/password", json!({"current": current, "new": new}))
}

#[tokio::test]
async fn users_change_their_own_password() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let here = Caller::add_signed_in_user(&server, USER_EMAIL, &id, Some(automoderate_server::Role::Member)).await;
    let there = Caller::sign_in(&server, USER_EMAIL, TEST_PASSWORD).await;
    let mut other_user = Caller::demo_user(&server).await.connect_socket(&server).await;
    let (mut stays, mut goes) = (here.connect_socket(&server).await, there.connect_socket(&server).await);

    here.expect_failure(&server, change_password_request("wrong", NEW_PASSWORD), (403, "wrong_password")).await;
    here.expect_failure(&server, change_password_request(TEST_PASSWORD, "short"), (422, "unprocessable")).await;
    here.get(&server, "/api/projects").await;
    there.get(&server, "/api/projects").await;
    let (method, path, body) = change_password_request(TEST_PASSWORD, NEW_PASSWORD);
    assert_eq!(here.call(&server, method, path, body).await, (200, json!({"success": true})));

    goes.expect_authentication_failed().await;
    there.expect_failure(&server, (Method::GET, "/api/projects", Value::Null), (401, "authentication_failed")).await;
    here.get(&server, "/api/projects").await;
    stays.join(&id).await;
    other_user.join(&id).await;
    assert!(Browser::sign_in(&server.base_url(), USER_EMAIL, TEST_PASSWORD).await.is_none());
    assert!(Browser::sign_in(&server.base_url(), USER_EMAIL, NEW_PASSWORD).await.is_some());
    server.shutdown().await;
}

#[tokio::test]
async fn administrators_reset_the_passwords_of_others() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, admin) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let ada = Caller::add_signed_in_user(&server, USER_EMAIL, &id, Some(automoderate_server::Role::Member)).await;
    let mut socket = ada.connect_socket(&server).await;
    let path = format!("/api/users/{}", member_id(&server, &admin, &id, USER_EMAIL).await);
    ada.expect_failure(&server, (Method::PATCH, &path, json!({"password": NEW_PASSWORD})), (403, "access_denied"))
        .await;
    admin.expect_failure(&server, (Method::PATCH, &path, json!({"password": "short"})), (422, "unprocessable")).await;
    admin.patch(&server, &path, json!({"password": NEW_PASSWORD})).await;
    socket.expect_authentication_failed().await;
    ada.expect_failure(&server, (Method::GET, "/api/projects", Value::Null), (401, "authentication_failed")).await;
    assert!(Browser::sign_in(&server.base_url(), USER_EMAIL, NEW_PASSWORD).await.is_some());
    // Administrators cannot reset their own password in this way; to change it, they must give the current one.
    let own = format!("/api/users/{}", member_id(&server, &admin, &id, &server.demo().unwrap().email).await);
    admin.expect_failure(&server, (Method::PATCH, &own, json!({"password": NEW_PASSWORD})), (409, "own_account")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn guesses_of_the_current_password_are_limited() {
    let limits = Limits { failed_logins_per_minute: 2, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let ada = Caller::add_signed_in_user(&server, USER_EMAIL, &demo_project_id(&server), None).await;
    for _ in 0..2 {
        ada.expect_failure(&server, change_password_request("wrong", NEW_PASSWORD), (403, "wrong_password")).await;
    }
    ada.expect_failure(&server, change_password_request(TEST_PASSWORD, NEW_PASSWORD), (429, "rate_limited")).await;
    server.shutdown().await;
}

/// A sign-in that verified the old password before the change must not result in a session that is valid after the change.
#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_sign_in_does_not_survive_the_change() {
    let server = demo_server_builder().start().await.unwrap();
    let base = server.base_url();
    let ada = Caller::add_signed_in_user(&server, USER_EMAIL, &demo_project_id(&server), None).await;
    let sign_ins: Vec<_> = (0..8)
        .map(|_| {
            let base = base.clone();
            tokio::spawn(async move { Browser::sign_in(&base, USER_EMAIL, TEST_PASSWORD).await })
        })
        .collect();
    let (method, path, body) = change_password_request(TEST_PASSWORD, NEW_PASSWORD);
    assert_eq!(ada.call(&server, method, path, body).await.0, 200);
    for sign_in in sign_ins {
        // If a sign-in succeeded just before the change, its session has ended, so fetching its CSRF token may fail.
        if let Ok(Some(browser)) = sign_in.await {
            assert_eq!(browser.call(Method::GET, "/api/projects", Value::Null).await.0, 401);
        }
    }
    ada.get(&server, "/api/projects").await;
    server.shutdown().await;
}
