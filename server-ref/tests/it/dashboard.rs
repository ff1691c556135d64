//! The web dashboard as the server serves it. The tests in `server-ref/dashboard` cover the dashboard's behavior in a browser.

use automoderate_server::RunningServer;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, ETAG, IF_NONE_MATCH, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use reqwest::Response;

use crate::support::{demo_server_builder, http_client, sign_in};
use crate::web::Browser;

async fn get_with_cookie(server: &RunningServer, path: &str, cookie: &str) -> Response {
    http_client().get(format!("{}{path}", server.base_url())).header(COOKIE, cookie).send().await.unwrap()
}

#[tokio::test]
async fn the_dashboard_requires_a_signed_in_user() {
    let server = demo_server_builder().start().await.unwrap();
    assert_eq!(
        get_with_cookie(&server, "/dashboard", "").await.headers()["location"],
        "/dashboard/",
        "the path without a slash redirects"
    );
    for path in ["/", "/dashboard/"] {
        let response = get_with_cookie(&server, path, "").await;
        assert_eq!((response.status().as_u16(), &response.headers()[LOCATION]), (302, &"/auth/login".parse().unwrap()));
    }
    let cookie = sign_in(&server).await;
    for path in ["/", "/dashboard/"] {
        assert_eq!(get_with_cookie(&server, path, &cookie).await.status(), 200);
    }
    Browser::with_cookie(&server.base_url(), cookie.clone()).await.sign_out().await;
    assert_eq!(get_with_cookie(&server, "/", &cookie).await.status(), 302);
    server.shutdown().await;
}

#[tokio::test]
async fn pages_have_no_inline_or_external_resources() {
    let server = demo_server_builder().start().await.unwrap();
    let cookie = sign_in(&server).await;
    for path in ["/", "/auth/login"] {
        let response = get_with_cookie(&server, path, &cookie).await;
        let headers = response.headers();
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split(';').any(|one| one.trim() == part), "{path}: {part}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        let page = response.text().await.unwrap();
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("://"), "{page}");
        assert!(page.matches("<script").count() == page.matches(" src=\"/dashboard/app.js\"").count(), "{page}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn unchanged_files_are_not_sent_again() {
    let server = demo_server_builder().start().await.unwrap();
    let cookie = sign_in(&server).await;
    for (path, content_type) in [
        ("", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("licenses.md", "text/markdown; charset=utf-8"),
    ] {
        let path = format!("/dashboard/{path}");
        let response = get_with_cookie(&server, &path, &cookie).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], content_type);
        let policy = response.headers()[CONTENT_SECURITY_POLICY].clone();
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        let etag = response.headers()[ETAG].clone();
        for (known, status) in [(etag.to_str().unwrap(), 304), ("\"x\", W/\"y\"", 200)] {
            let request = http_client().get(format!("{}{path}", server.base_url())).header(COOKIE, &cookie);
            let response = request.header(IF_NONE_MATCH, known).send().await.unwrap();
            assert_eq!((response.status().as_u16(), &response.headers()[ETAG]), (status, &etag));
            assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], policy, "{path}, {status}");
        }
    }
    assert_eq!(get_with_cookie(&server, "/dashboard/other.js", "").await.status(), 404);
    server.shutdown().await;
}
