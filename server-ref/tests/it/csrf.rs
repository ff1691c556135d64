//! A change that a session cookie authenticates needs the session's CSRF token, which pages on other sites cannot send.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder, http_client};
use crate::web::Caller;

#[tokio::test]
async fn changes_require_the_csrf_token() {
    let server = demo_server_builder().start().await.unwrap();
    let Caller::Session { cookie, token } = Caller::demo_user(&server).await else { unreachable!() };
    let id = demo_project_id(&server);
    let moderate = format!("/api/moderate?project_id={id}");
    for forged in ["", "forged", &token[1..]] {
        let caller = Caller::Session { cookie: cookie.clone(), token: forged.to_owned() };
        for (method, path) in
            [(Method::POST, "/api/projects"), (Method::POST, &moderate), (Method::DELETE, "/api/notifications/x")]
        {
            caller.expect_failure(&server, (method, path, json!({"name": "x"})), (403, "csrf_failed")).await;
        }
        // Reading needs no token.
        caller.get(&server, "/api/projects").await;
    }
    let caller = Caller::Session { cookie, token };
    let answer = caller.post(&server, &moderate, json!({"content": "from the dashboard"})).await;
    assert_eq!(answer["status"], "approved");
    server.shutdown().await;
}

#[tokio::test]
async fn the_csrf_token_requires_a_signed_in_user() {
    let server = demo_server_builder().start().await.unwrap();
    Caller::Nobody
        .expect_failure(&server, (Method::GET, "/auth/csrf", Value::Null), (401, "authentication_failed"))
        .await;
    let form = http_client().get(format!("{}/auth/login", server.base_url())).send().await.unwrap();
    let early = Caller::Session { cookie: crate::support::first_cookie(&form), token: String::new() };
    early.expect_failure(&server, (Method::GET, "/auth/csrf", Value::Null), (401, "authentication_failed")).await;
    server.shutdown().await;
}
