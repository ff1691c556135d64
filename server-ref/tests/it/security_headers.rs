//! The security headers of all responses.

use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::support::{demo_server_builder, http_client};

#[tokio::test]
async fn every_response_has_security_headers() {
    for secure in [false, true] {
        let server = demo_server_builder().secure_cookies(secure).start().await.unwrap();
        for path in
            ["/api/health", "/api/docs", "/api/docs.js", "/auth/login", "/metrics", "/live", "/api/stats", "/nothing"]
        {
            let response = http_client().get(format!("{}{path}", server.base_url())).send().await.unwrap();
            let headers = response.headers();
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
            assert!(!policy.contains("unsafe"), "{path}");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(headers[X_FRAME_OPTIONS], "DENY", "{path}");
            assert_eq!(headers[REFERRER_POLICY], "same-origin", "{path}");
            assert_eq!(headers.contains_key(STRICT_TRANSPORT_SECURITY), secure, "{path}");
            let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            if kind.is_some_and(|kind| kind.starts_with("text/html")) {
                // The content security policy would block inline styles and scripts, so the page must not contain any.
                let page = response.text().await.unwrap();
                assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"), "{path}");
                assert!(page.matches("<script").count() == page.matches("<script src=").count(), "{path}");
            }
        }
        server.shutdown().await;
    }
}
