//! A changed password ends the other sessions of its user, and their sockets, at once.

use automoderate_server::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{project, server};
use crate::web::{Browser, Caller, PASSWORD, user_id};

const EMAIL: &str = "ada@example.org";
const NEXT: &str = "another horse battery";

fn change(current: &str, new: &str) -> (Method, &'static str, Value) {
    (Method::PUT, "/api/me/password", json!({"current": current, "new": new}))
}

#[tokio::test]
async fn ones_own() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let here = Caller::user(&server, EMAIL, &id, Some(automoderate_server::Role::Member)).await;
    let there = Caller::sign_in(&server, EMAIL, PASSWORD).await;
    let mut other_user = Caller::demo(&server).await.socket(&server).await;
    let (mut stays, mut goes) = (here.socket(&server).await, there.socket(&server).await);

    here.fails(&server, change("wrong", NEXT), (403, "wrong_password")).await;
    here.fails(&server, change(PASSWORD, "short"), (422, "unprocessable")).await;
    here.get(&server, "/api/projects").await;
    there.get(&server, "/api/projects").await;
    let (method, path, body) = change(PASSWORD, NEXT);
    assert_eq!(here.call(&server, method, path, body).await, (200, json!({"success": true})));

    goes.dismissed().await;
    there.fails(&server, (Method::GET, "/api/projects", Value::Null), (401, "authentication_failed")).await;
    here.get(&server, "/api/projects").await;
    stays.join(&id).await;
    other_user.join(&id).await;
    assert!(Browser::sign_in(&server.base_url(), EMAIL, PASSWORD).await.is_none());
    assert!(Browser::sign_in(&server.base_url(), EMAIL, NEXT).await.is_some());
    server.shutdown().await;
}

#[tokio::test]
async fn of_somebody_else_by_an_administrator() {
    let server = server().start().await.unwrap();
    let (id, admin) = (project(&server), Caller::demo(&server).await);
    let ada = Caller::user(&server, EMAIL, &id, Some(automoderate_server::Role::Member)).await;
    let mut socket = ada.socket(&server).await;
    let path = format!("/api/users/{}", user_id(&server, &admin, &id, EMAIL).await);
    ada.fails(&server, (Method::PATCH, &path, json!({"password": NEXT})), (403, "access_denied")).await;
    admin.fails(&server, (Method::PATCH, &path, json!({"password": "short"})), (422, "unprocessable")).await;
    admin.patch(&server, &path, json!({"password": NEXT})).await;
    socket.dismissed().await;
    ada.fails(&server, (Method::GET, "/api/projects", Value::Null), (401, "authentication_failed")).await;
    assert!(Browser::sign_in(&server.base_url(), EMAIL, NEXT).await.is_some());
    // One's own needs the current one.
    let own = format!("/api/users/{}", user_id(&server, &admin, &id, &server.demo().unwrap().email).await);
    admin.fails(&server, (Method::PATCH, &own, json!({"password": NEXT})), (409, "own_account")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn guesses_are_limited_like_sign_ins() {
    let limits = Limits { failed_logins_per_minute: 2, ..Limits::none() };
    let server = server().limits(limits).start().await.unwrap();
    let ada = Caller::user(&server, EMAIL, &project(&server), None).await;
    for _ in 0..2 {
        ada.fails(&server, change("wrong", NEXT), (403, "wrong_password")).await;
    }
    ada.fails(&server, change(PASSWORD, NEXT), (429, "rate_limited")).await;
    server.shutdown().await;
}

/// Sign-ins that run at the same time as the change don't survive it with the old password.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_overlaps_with_the_change_does_not_outlive_it() {
    let server = server().start().await.unwrap();
    let base = server.base_url();
    let ada = Caller::user(&server, EMAIL, &project(&server), None).await;
    let sign_ins: Vec<_> = (0..8)
        .map(|_| {
            let base = base.clone();
            tokio::spawn(async move { Browser::sign_in(&base, EMAIL, PASSWORD).await })
        })
        .collect();
    let (method, path, body) = change(PASSWORD, NEXT);
    assert_eq!(ada.call(&server, method, path, body).await.0, 200);
    for sign_in in sign_ins {
        // Those that were in before the change may not even learn their token any more.
        if let Ok(Some(browser)) = sign_in.await {
            assert_eq!(browser.call(Method::GET, "/api/projects", Value::Null).await.0, 401);
        }
    }
    ada.get(&server, "/api/projects").await;
    server.shutdown().await;
}
