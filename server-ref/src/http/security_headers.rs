//! Headers for browsers: CORS determines which pages may read responses, and security policies restrict the server's own pages.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::caller::{API_KEY_HEADER, CSRF_HEADER};
use super::idempotency::{IDEMPOTENCY_KEY_HEADER, IDEMPOTENT_REPLAYED_HEADER};
use crate::app::App;
use crate::realtime::is_allowed_origin;

/// Content security policy for pages. It allows nothing from other origins, and nothing inline except images. Browsers that support
/// Trusted Types also refuse to convert text to HTML.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
/// Content security policy for responses that are not pages.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const HSTS_ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Time for which a browser may cache the answer to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// Adds the security headers that a response does not already have.
pub(super) async fn add_security_headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = if is_page { PAGE_POLICY } else { DATA_POLICY };
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    // Browsers that don't support `frame-ancestors` use this header.
    headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if app.settings.secure_cookies {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HSTS_ONE_YEAR);
    }
    response
}

/// Returns the CORS rules: among the pages of other origins, only those of allowed origins can use the REST interface and read its
/// responses.
pub(super) fn rest_cors(allowed: &[String]) -> CorsLayer {
    let allowed = allowed.to_vec();
    CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            CONTENT_TYPE,
            HeaderName::from_static(API_KEY_HEADER),
            HeaderName::from_static(CSRF_HEADER),
            IDEMPOTENCY_KEY_HEADER,
        ])
        .expose_headers([RETRY_AFTER, IDEMPOTENT_REPLAYED_HEADER])
        .max_age(PREFLIGHT_MAX_AGE)
        .allow_credentials(true)
        .allow_origin(AllowOrigin::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| is_allowed_origin(origin, &allowed))
        }))
}
