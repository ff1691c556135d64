//! REST calls: expired credentials are renewed once, unusual answers are understood, and echoed secrets are redacted.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use automoderate::{Client, Credentials, CredentialsReason};

use crate::http::{HttpServer, ReceivedRequest};

fn ok_response(body: &str) -> (String, String) {
    ("200 OK".to_owned(), body.to_owned())
}

fn unauthorized_response() -> (String, String) {
    ("401 Unauthorized".to_owned(), r#"{"error":"API key required"}"#.to_owned())
}

const STATISTICS_BODY: &str = r#"{"success":true,"stats":{"total_content":1,"approved":1,"rejected":0,"flagged":0}}"#;

/// Starts a server with a login form and numbered session cookies; REST accepts a cookie if `accepts` returns `true`
/// for its number.
async fn server_with_login_form(logins: Arc<AtomicU32>, accepts: impl Fn(u32) -> bool + Send + 'static) -> HttpServer {
    HttpServer::start(move |request: ReceivedRequest| {
        if request.line.starts_with("GET /auth/login") {
            return ok_response(r#"<input name="csrf_token" value="t">"#);
        }
        if request.line.starts_with("POST /auth/login") {
            let number = logins.fetch_add(1, Ordering::Relaxed) + 1;
            return (format!("302 Found\r\nlocation: /dashboard/\r\nset-cookie: session=s{number}"), String::new());
        }
        let number = request.header("cookie").and_then(|cookie| cookie.strip_prefix("session=s")?.parse().ok());
        if number.is_some_and(&accepts) { ok_response(STATISTICS_BODY) } else { unauthorized_response() }
    })
    .await
}

#[tokio::test]
async fn an_expired_session_is_replaced_once() {
    let (logins, good) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(1)));
    let taken = good.clone();
    let server = server_with_login_form(logins.clone(), move |number| number == taken.load(Ordering::Relaxed)).await;
    let client = Client::builder(&server.url).password("a@b", "pw").build().unwrap();
    client.statistics().await.unwrap();
    client.statistics().await.unwrap();
    assert_eq!(logins.load(Ordering::Relaxed), 1);

    // The server was restarted with another session secret.
    good.store(2, Ordering::Relaxed);
    let calls = (0..4).map(|_| client.statistics());
    for called in futures_util::future::join_all(calls).await {
        called.unwrap();
    }
    assert_eq!(logins.load(Ordering::Relaxed), 2, "concurrent calls share one login");
}

#[tokio::test]
async fn rest_that_refuses_sessions_does_not_cause_a_login_per_call() {
    let logins = Arc::new(AtomicU32::new(0));
    let server = server_with_login_form(logins.clone(), |_| false).await;
    let client = Client::builder(&server.url).password("a@b", "pw").build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.statistics().await.unwrap_err().code(), "authentication_failed");
    }
    assert_eq!(logins.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let server = HttpServer::start(|_| ok_response(r#"<input name="csrf_token" value="t">"#)).await;
    let error = Client::builder(&server.url).password("a@b", "wrong").connect().await.unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert_eq!(server.requests(), 2, "one request for the form and one to submit it");
}

#[tokio::test]
async fn numbers_and_absent_fields_are_accepted_in_every_notation() {
    let server = HttpServer::start(|request| {
        ok_response(match request.line.split(' ').nth(1).unwrap() {
            "/api/stats" => {
                r#"{"stats":{"total":3.0,"approved":1e0,"rejected":"1","flagged":null,"approval_rate":33}}"#
            }
            "/api/moderate" => r#"{"content_id":7,"status":"approved","moderation_results":null}"#,
            "/api/content/7" => r#"{"content":{"id":7,"status":"new","content_type":null,"created_at":null}}"#,
            _ => r#"{"content":[],"pagination":{"page":1.0,"has_next":null,"has_more":false,"total":0.0}}"#,
        })
    })
    .await;
    let client = Client::builder(&server.url).api_key("am_key").build().unwrap();
    let statistics = client.statistics().await.unwrap();
    assert_eq!((statistics.total_content, statistics.approved, statistics.rejected, statistics.flagged), (3, 1, 1, 0));
    assert_eq!(client.moderate("x").await.unwrap().content_id, "7");
    assert_eq!(client.content("7").await.unwrap().status.as_str(), "new");
    let page = client.contents_page(automoderate::ContentFilter::default()).await.unwrap();
    assert_eq!((page.page, page.has_more, page.total), (1, false, Some(0)));
}

#[tokio::test]
async fn a_provider_is_called_once_more_after_a_refusal() {
    let server = HttpServer::start(|request| match request.header("x-api-key") {
        Some("am_second") => ok_response(STATISTICS_BODY),
        _ => unauthorized_response(),
    })
    .await;
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let received = reasons.clone();
    let builder = Client::builder(&server.url).credentials_provider(move |reason| {
        received.lock().unwrap().push(reason);
        let key = if reason == CredentialsReason::Rejected { "am_second" } else { "am_first" };
        async move { Ok(Credentials::ApiKey(key.into())) }
    });
    let client = builder.build().unwrap();
    for _ in 0..2 {
        client.statistics().await.unwrap();
    }
    assert_eq!(*reasons.lock().unwrap(), [CredentialsReason::First, CredentialsReason::Rejected]);
}

#[tokio::test]
async fn a_refused_key_is_not_retried() {
    let server = HttpServer::start(|_| unauthorized_response()).await;
    let client = Client::builder(&server.url).api_key("am_wrong").build().unwrap();
    assert_eq!(client.statistics().await.unwrap_err().code(), "authentication_failed");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn health_needs_no_credentials() {
    let server = HttpServer::start(|request| {
        assert!(request.line.starts_with("GET /api/health"), "{}", request.line);
        assert_eq!((request.header("cookie"), request.header("x-api-key")), (None, None));
        ok_response(r#"{"status":"healthy"}"#)
    })
    .await;
    let client = Client::builder(&server.url).password("a@b", "pw").api_key("am_key").build().unwrap();
    assert_eq!(client.health().await.unwrap().status, "healthy");
}

#[tokio::test]
async fn an_echoed_key_is_redacted() {
    let server = HttpServer::start(|request| {
        let key = request.header("x-api-key").unwrap_or_default().to_owned();
        ("403 Forbidden".to_owned(), format!(r#"{{"error":"no such key: {key}, in addresses am_S3cr3t%2F%2B"}}"#))
    })
    .await;
    let client = Client::builder(&server.url).api_key("am_S3cr3t/+").build().unwrap();
    let error = client.statistics().await.unwrap_err();
    assert!(error.body().unwrap().contains("no such key: ***, in addresses ***"), "{error:?}");
    assert!(!format!("{error:?} {error} {}", error.body().unwrap()).contains("S3cr3t"));
}

#[tokio::test]
async fn a_rate_limited_websocket_does_not_fall_back_to_polling() {
    let server = HttpServer::start(|_| ("429 Too Many Requests\r\nretry-after: 7".to_owned(), String::new())).await;
    let error = Client::builder(&server.url).api_key("am_key").connect().await.unwrap_err();
    assert_eq!((error.code(), error.retry_in().unwrap().as_secs()), ("rate_limited", 7));
    assert_eq!(server.requests(), 1, "long-polling would be limited as well");
}

#[tokio::test]
async fn echoed_headers_are_redacted() {
    let server = HttpServer::start(|request| {
        let shown = ["authorization", "x-api-key"].map(|name| request.header(name).unwrap_or_default().to_owned());
        ("403 Forbidden".to_owned(), format!(r#"{{"error":"{} in {}"}}"#, shown.join(" and "), request.line))
    })
    .await;
    let builder = Client::builder(&server.url).header("authorization", "Bearer T0ken-S3cr3t").api_key("lowercase");
    let error = builder.build().unwrap().statistics().await.unwrap_err();
    assert!(error.to_string().contains("*** and ***"), "{error}");
    for text in [error.to_string(), error.body().unwrap().to_owned()] {
        assert!(!text.contains("S3cr3t") && !text.contains("lowercase"), "{text}");
    }
}

#[tokio::test]
async fn a_replaced_key_stays_redacted() {
    let server =
        HttpServer::start(|_| ("401 Unauthorized".to_owned(), r#"{"error":"am_first, am_second"}"#.to_owned())).await;
    let builder = Client::builder(&server.url).credentials_provider(move |reason| {
        let key = if reason == CredentialsReason::Rejected { "am_second" } else { "am_first" };
        async move { Ok(Credentials::ApiKey(key.into())) }
    });
    let error = builder.build().unwrap().statistics().await.unwrap_err();
    assert!(error.to_string().contains("***, ***"), "{error}");
}

#[tokio::test]
async fn a_redirect_to_https_explains_the_fix() {
    let server =
        HttpServer::start(|_| ("302 Found\r\nlocation: https://mod.example/api/stats".to_owned(), String::new())).await;
    let error = Client::builder(&server.url).api_key("am_key").build().unwrap().statistics().await.unwrap_err();
    assert_eq!((error.code(), error.status(), error.is_retryable()), ("api", Some(302), false));
    assert!(error.to_string().contains("use an https:// address"), "{error}");
}
