//! Signing out, which only the holder of the session can do.

use http::StatusCode;
use http::header::{ACCEPT, COOKIE, LOCATION};
use reqwest::{Method, Response};

use crate::support::{csrf_token, demo_server_builder, http_client, sign_in};

async fn call_logout(base_url: &str, method: Method, cookie: &str, accept: &str, token: Option<&str>) -> Response {
    let request =
        http_client().request(method, format!("{base_url}/auth/logout")).header(COOKIE, cookie).header(ACCEPT, accept);
    let request = match token {
        Some(token) => request.form(&[("csrf_token", token)]),
        None => request,
    };
    request.send().await.unwrap()
}

async fn is_signed_in(base_url: &str, cookie: &str) -> bool {
    http_client().get(format!("{base_url}/auth/csrf")).header(COOKIE, cookie).send().await.unwrap().status()
        == StatusCode::OK
}

#[tokio::test]
async fn a_link_only_shows_the_form_that_signs_out() {
    let server = demo_server_builder().start().await.unwrap();
    let (url, cookie) = (server.base_url(), sign_in(&server).await);
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(call_logout(&url, method, &cookie, "text/html", None).await.status(), StatusCode::OK);
        assert!(is_signed_in(&url, &cookie).await);
    }
    let page = call_logout(&url, Method::GET, &cookie, "text/html", None).await.text().await.unwrap();
    let answer = call_logout(&url, Method::POST, &cookie, "text/html", Some(&csrf_token(&page))).await;
    assert_eq!((answer.status(), &answer.headers()[LOCATION]), (StatusCode::FOUND, &"/auth/login".parse().unwrap()));
    assert!(!is_signed_in(&url, &cookie).await);
    server.shutdown().await;
}

#[tokio::test]
async fn a_form_on_another_site_cannot_sign_out() {
    let server = demo_server_builder().start().await.unwrap();
    let (url, cookie) = (server.base_url(), sign_in(&server).await);
    for token in [None, Some(""), Some("guessed")] {
        let answer = call_logout(&url, Method::POST, &cookie, "*/*", token).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["code"], "csrf_failed");
        // A browser receives a page on which the user can confirm the sign-out.
        let answer = call_logout(&url, Method::POST, &cookie, "text/html", token).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert!(!csrf_token(&answer.text().await.unwrap()).is_empty());
    }
    assert!(is_signed_in(&url, &cookie).await);
    server.shutdown().await;
}

#[tokio::test]
async fn signing_out_without_a_session_redirects_to_the_sign_in() {
    let server = demo_server_builder().start().await.unwrap();
    for method in [Method::GET, Method::POST] {
        let answer = call_logout(&server.base_url(), method, "", "text/html", None).await;
        assert_eq!(
            (answer.status(), &answer.headers()[LOCATION]),
            (StatusCode::FOUND, &"/auth/login".parse().unwrap())
        );
    }
    server.shutdown().await;
}
