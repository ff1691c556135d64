//! A login page that is larger than any.

use automoderate::Client;

use crate::http::Http;

#[tokio::test]
async fn is_not_read_to_its_end() {
    let page = format!("{}<input name=\"csrf_token\" value=\"t\">", " ".repeat(4 * 1024 * 1024));
    let server = Http::start(move |_| ("200 OK".to_owned(), page.clone())).await;
    let error = Client::builder(&server.url).password("a@b", "pw").connect().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("connect_failed", false), "{error}");
    assert!(error.to_string().contains("1048576 bytes"), "{error}");
    assert_eq!(server.requests(), 1);
}
