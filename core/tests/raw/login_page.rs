//! Login pages that are none.

use automoderate::Client;

use crate::http::Http;

#[tokio::test]
async fn one_that_is_larger_than_any_is_not_read_to_its_end() {
    let page = format!("{}<input name=\"csrf_token\" value=\"t\">", " ".repeat(4 * 1024 * 1024));
    let server = Http::start(move |_| ("200 OK".to_owned(), page.clone())).await;
    let error = Client::builder(&server.url).password("a@b", "pw").connect().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("connect_failed", false), "{error}");
    assert!(error.to_string().contains("1048576 bytes"), "{error}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_redirection_to_https_says_what_to_do() {
    let server =
        Http::start(|_| ("302 Found\r\nlocation: https://mod.example/auth/login".to_owned(), String::new())).await;
    let error = Client::builder(&server.url).password("a@b", "pw").connect().await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.is_retryable()), ("connect_failed", Some(302), false));
    assert!(error.to_string().contains("use an https:// address"), "{error}");
}
