//! Signing out, which only the holder of the session can do.

use http::StatusCode;
use http::header::{ACCEPT, COOKIE, LOCATION};
use reqwest::{Method, Response};

use crate::support::{csrf_token, http, server, sign_in};

async fn call(base_url: &str, method: Method, cookie: &str, accept: &str, token: Option<&str>) -> Response {
    let request =
        http().request(method, format!("{base_url}/auth/logout")).header(COOKIE, cookie).header(ACCEPT, accept);
    let request = match token {
        Some(token) => request.form(&[("csrf_token", token)]),
        None => request,
    };
    request.send().await.unwrap()
}

async fn is_signed_in(base_url: &str, cookie: &str) -> bool {
    http().get(format!("{base_url}/auth/csrf")).header(COOKIE, cookie).send().await.unwrap().status() == StatusCode::OK
}

#[tokio::test]
async fn a_link_signs_nobody_out_and_the_form_on_its_page_does() {
    let server = server().start().await.unwrap();
    let (url, cookie) = (server.base_url(), sign_in(&server).await);
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(call(&url, method, &cookie, "text/html", None).await.status(), StatusCode::OK);
        assert!(is_signed_in(&url, &cookie).await);
    }
    let page = call(&url, Method::GET, &cookie, "text/html", None).await.text().await.unwrap();
    let answer = call(&url, Method::POST, &cookie, "text/html", Some(&csrf_token(&page))).await;
    assert_eq!((answer.status(), &answer.headers()[LOCATION]), (StatusCode::FOUND, &"/auth/login".parse().unwrap()));
    assert!(!is_signed_in(&url, &cookie).await);
    server.shutdown().await;
}

#[tokio::test]
async fn another_sites_form_signs_nobody_out() {
    let server = server().start().await.unwrap();
    let (url, cookie) = (server.base_url(), sign_in(&server).await);
    for token in [None, Some(""), Some("guessed")] {
        let answer = call(&url, Method::POST, &cookie, "*/*", token).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["code"], "csrf_failed");
        // A person can confirm it.
        let answer = call(&url, Method::POST, &cookie, "text/html", token).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert!(!csrf_token(&answer.text().await.unwrap()).is_empty());
    }
    assert!(is_signed_in(&url, &cookie).await);
    server.shutdown().await;
}

#[tokio::test]
async fn nobody_is_sent_to_the_sign_in() {
    let server = server().start().await.unwrap();
    for method in [Method::GET, Method::POST] {
        let answer = call(&server.base_url(), method, "", "text/html", None).await;
        assert_eq!(
            (answer.status(), &answer.headers()[LOCATION]),
            (StatusCode::FOUND, &"/auth/login".parse().unwrap())
        );
    }
    server.shutdown().await;
}
