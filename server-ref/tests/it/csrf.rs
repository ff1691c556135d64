//! A change with the session cookie needs the session's token, which other sites' pages can't send.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{http, project, server};
use crate::web::Caller;

#[tokio::test]
async fn changes_need_the_token() {
    let server = server().start().await.unwrap();
    let Caller::Session { cookie, token } = Caller::demo(&server).await else { unreachable!() };
    let id = project(&server);
    let moderate = format!("/api/moderate?project_id={id}");
    for forged in ["", "forged", &token[1..]] {
        let caller = Caller::Session { cookie: cookie.clone(), token: forged.to_owned() };
        for (method, path) in
            [(Method::POST, "/api/projects"), (Method::POST, &moderate), (Method::DELETE, "/api/notifications/x")]
        {
            caller.fails(&server, (method, path, json!({"name": "x"})), (403, "csrf_failed")).await;
        }
        // Reading changes nothing.
        caller.get(&server, "/api/projects").await;
    }
    let caller = Caller::Session { cookie, token };
    let answer = caller.post(&server, &moderate, json!({"content": "from the dashboard"})).await;
    assert_eq!(answer["status"], "approved");
    server.shutdown().await;
}

#[tokio::test]
async fn the_token_is_for_who_is_signed_in() {
    let server = server().start().await.unwrap();
    Caller::Nobody.fails(&server, (Method::GET, "/auth/csrf", Value::Null), (401, "authentication_failed")).await;
    let form = http().get(format!("{}/auth/login", server.base_url())).send().await.unwrap();
    let early = Caller::Session { cookie: crate::support::first_cookie(&form), token: String::new() };
    early.fails(&server, (Method::GET, "/auth/csrf", Value::Null), (401, "authentication_failed")).await;
    server.shutdown().await;
}
