//! Login pages that a client cannot use.

use automoderate::Client;

use crate::http::HttpServer;

#[tokio::test]
async fn an_oversized_login_page_is_not_read_to_its_end() {
    let page = format!("{}<input name=\"csrf_token\" value=\"t\">", " ".repeat(4 * 1024 * 1024));
    let server = HttpServer::start(move |_| ("200 OK".to_owned(), page.clone())).await;
    let error = Client::builder(&server.url).password("a@b", "pw").connect().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("connect_failed", false), "{error}");
    assert!(error.to_string().contains("1048576 bytes"), "{error}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_redirect_to_https_explains_the_fix() {
    let server =
        HttpServer::start(|_| ("302 Found\r\nlocation: https://mod.example/auth/login".to_owned(), String::new()))
            .await;
    let error = Client::builder(&server.url).password("a@b", "pw").connect().await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.is_retryable()), ("connect_failed", Some(302), false));
    assert!(error.to_string().contains("use an https:// address"), "{error}");
}
