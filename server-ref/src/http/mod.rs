//! The REST interface and the web login.

mod content;
mod error;
mod health;
mod login;
mod moderate;
mod page;
mod principal;
mod session;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use http::{Method, StatusCode};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::app::App;
use error::ApiError;

/// The largest request body.
const MAX_BODY: usize = 1_000_000;
/// From the head of a request, over its body, to the answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All routes but the real-time ones.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let api = Router::new()
        .route("/api/moderate", post(moderate::moderate))
        .route("/api/content", get(content::list))
        .route("/api/content/{id}", get(content::one))
        .route("/api/stats", get(stats::stats))
        .route("/api/health", get(health::health))
        .route("/ready", get(health::health));
    let web = Router::new()
        .route("/auth/login", get(login::form).post(login::submit))
        .route("/auth/logout", get(login::logout).post(login::logout))
        .route("/dashboard/", get(page::dashboard))
        .route("/", get(async || login::redirect("/dashboard/")))
        .layer(session::layer(app));
    api.merge(web)
        .method_not_allowed_fallback(async |method: Method| ApiError::method_not_allowed(&method))
        .fallback(async || ApiError::not_found("Not found"))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        // The path alone: a query may hold a key.
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            tracing::debug_span!("request", method = %request.method(), path = request.uri().path())
        }))
        .layer(from_fn_with_state(app.clone(), in_flight))
        .with_state(app.clone())
}

/// A drain waits for the requests that are being answered.
async fn in_flight(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let _token = app.in_flight.token();
    next.run(request).await
}
