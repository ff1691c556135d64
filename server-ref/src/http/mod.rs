//! The REST interface, the sign-in pages, and the dashboard.

mod audit;
mod batch;
mod batch_answer;
mod bulk_review;
mod caller;
mod content;
mod content_listing;
mod csrf;
mod dashboard;
mod docs;
mod error;
mod first_admin;
mod health;
mod html_pages;
mod idempotency;
mod input;
mod invitations;
mod keys;
mod known_browser;
mod login;
mod login_form_tokens;
mod logout;
mod members;
mod metrics;
mod moderate;
mod notifications;
mod password;
mod projects;
mod review;
mod rules;
mod security_headers;
mod snapshot;
mod stats;
mod success_answer;
mod tokens;
mod users;
mod web_session;

use std::sync::Arc;

use axum::Router;
use axum::body::{HttpBody as _, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::CONNECTION;
use http::{HeaderValue, Method};
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Error;
use crate::app::App;
use error::ApiError;

/// Maximum size of a request body, in bytes.
const BODY_BYTES_MAX: usize = 1_000_000;
/// Maximum size of a body that is read before the caller is authenticated, in bytes.
const EARLY_BODY_BYTES_MAX: usize = 64 * 1024;

/// Returns the routes of the main listener, except those of the real-time interface.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let (api, description) = described_routes().split_for_parts();
    let api =
        api.route("/ready", get(health::health)).route("/live", get(health::live)).merge(docs::routes(description));
    let api = match app.settings.metrics_listen {
        Some(_) => api,
        None => api.route("/metrics", get(metrics::serve_metrics)),
    };
    let web = Router::new()
        .route("/auth/login", get(login::show_form).post(login::submit))
        .route("/auth/setup", get(first_admin::show_form).post(first_admin::submit))
        .route("/auth/logout", get(logout::show_form).post(logout::submit))
        .layer(web_session::session_layer(app))
        .layer(from_fn(web_session::report_unsaved_session))
        .layer(from_fn(known_browser::set_known_browser_cookie));
    api.merge(web)
        .merge(dashboard::routes())
        .method_not_allowed_fallback(async |method: Method| ApiError::method_not_allowed(&method))
        .fallback(async || ApiError::not_found("Not found"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(read_small_body_early))
        .layer(from_fn_with_state(app.clone(), limit_time))
        // Of the URL, only the path is logged, because the query may contain an API key.
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            tracing::debug_span!("request", method = %request.method(), path = request.uri().path())
        }))
        .layer(from_fn_with_state(app.clone(), track_in_flight))
        .layer(from_fn_with_state(app.clone(), metrics::record_request))
        .layer(security_headers::rest_cors(&app.settings.allowed_origins))
        .layer(from_fn_with_state(app.clone(), security_headers::add_security_headers))
        .with_state(app.clone())
}

/// Returns the routes of the separate listener for metrics.
pub(crate) fn metrics_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::serve_metrics))
        .method_not_allowed_fallback(async |method: Method| ApiError::method_not_allowed(&method))
        .fallback(async || ApiError::not_found("Not found"))
        .layer(from_fn_with_state(app.clone(), security_headers::add_security_headers))
        .with_state(app.clone())
}

/// Returns the response to long polls that are still pending when the server shuts down.
pub(crate) fn shutting_down_response() -> Response {
    ApiError::from(Error::ShuttingDown).into_response()
}

/// Returns the response to a malformed request.
pub(crate) fn invalid_request_response(message: impl Into<String>) -> Response {
    ApiError::invalid(message).into_response()
}

/// Returns the response to a request whose body exceeds the limit.
pub(crate) fn body_too_large_response() -> Response {
    ApiError::too_large().into_response()
}

/// Returns the response to a request for which the server has no capacity at the moment.
pub(crate) fn busy_response() -> Response {
    ApiError::from(Error::Busy).into_response()
}

/// Returns the response to a request whose body does not arrive in time.
pub(crate) fn request_timeout_response() -> Response {
    ApiError::request_timeout().into_response()
}

/// Returns the routes that `/api/openapi.json` describes. `routes!` both serves and describes a route, so none of these routes lacks a
/// description.
fn described_routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(docs::base_description())
        .routes(routes!(moderate::moderate))
        .routes(routes!(batch::moderate))
        .routes(routes!(content::list))
        .routes(routes!(content::get_item))
        .routes(routes!(review::review))
        .routes(routes!(bulk_review::review))
        .routes(routes!(stats::stats))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::get_project, projects::update, projects::delete))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(members::list, invitations::invite_member))
        .routes(routes!(members::update, members::remove))
        .routes(routes!(rules::list, rules::create))
        .routes(routes!(rules::get_rule, rules::update, rules::delete))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::switch, keys::revoke))
        .routes(routes!(tokens::create))
        .routes(routes!(notifications::list, notifications::create))
        .routes(routes!(notifications::withdraw))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(invitations::received))
        .routes(routes!(invitations::accept, invitations::decline))
        .routes(routes!(audit::list_for_project))
        .routes(routes!(audit::list_for_server))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::update))
        .routes(routes!(password::change))
        .routes(routes!(csrf::csrf))
        .routes(routes!(health::health))
}

/// Limits the time from the end of a request's headers to its response, including the time to read the body.
async fn limit_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(app.settings.request_timeout, next.run(request)).await;
    answer.unwrap_or_else(|_| ApiError::request_timeout().into_response())
}

/// Reads a small body before the request is handled. If the handler refused the request without reading the body, the server would have to
/// close the connection, and the client would notice only when its next request fails. If a request whose body is larger or of unknown size
/// is refused, the response announces that the connection will be closed.
async fn read_small_body_early(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.size_hint().exact().is_some_and(|size| size <= EARLY_BODY_BYTES_MAX as u64) {
        return match to_bytes(body, EARLY_BODY_BYTES_MAX).await {
            Ok(bytes) => next.run(Request::from_parts(parts, bytes.into())).await,
            Err(_) => ApiError::invalid("The request body could not be read").into_response(),
        };
    }
    let mut answer = next.run(Request::from_parts(parts, body)).await;
    if answer.status().is_client_error() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Tracks the request, so that a drain waits for it.
async fn track_in_flight(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let _token = app.in_flight.token();
    next.run(request).await
}
