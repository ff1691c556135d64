//! Middleware for real-time requests: the limit on sessions per address, the end of long polls at shutdown, and CORS.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{Method, StatusCode};
use serde_json::json;
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use crate::app::App;
use crate::client_address::ClientAddress;
use crate::realtime::{SessionSlots, is_allowed_origin};

/// Answers pending long polls with 503 when the server stops. Engine.IO's CLOSE would keep some clients from reconnecting.
pub(super) async fn end_polls_at_shutdown(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let ending_polls = app.ending_polls.clone();
    match ending_polls.run_until_cancelled(next.run(request)).await {
        Some(response) => response,
        None => crate::http::shutting_down_response(),
    }
}

/// Admits each new real-time session, unless its address has too many sessions; see [`SessionSlots::admit`].
pub(super) async fn admit_sessions(
    State(slots): State<Arc<SessionSlots>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    mut request: Request,
    next: Next,
) -> Response {
    // engineioxide makes the same distinction: it opens a session unless a pair in the query starts with `sid=`, so a query that contains
    // `sid` without `=` or in escaped form opens a session too.
    let query = request.uri().query().unwrap_or_default();
    let opens_session = !query.split('&').any(|pair| pair.starts_with("sid="));
    if opens_session {
        match slots.admit(address) {
            Some(admission) => drop(request.extensions_mut().insert(admission)),
            None => {
                let body = json!({
                    "success": false,
                    "error": "Too many connections",
                    "code": "rate_limited",
                    "error_code": "rate_limited",
                    "retry_after": 60,
                });
                return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "60")], Json(body)).into_response();
            }
        }
    }
    next.run(request).await
}

/// Returns the CORS rules: pages of any origin may connect with an API key, but only pages of allowed origins may use the session cookie.
pub(super) fn realtime_cors(allowed: &[String]) -> CorsLayer {
    let allowed = allowed.to_vec();
    CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([CONTENT_TYPE, HeaderName::from_static("x-api-key")])
        .allow_origin(AllowOrigin::mirror_request())
        .allow_credentials(AllowCredentials::predicate(move |origin, _| {
            origin.to_str().is_ok_and(|origin| is_allowed_origin(origin, &allowed))
        }))
}
