//! Routes `GET /api/health` and `GET /ready`, which report whether the server can take requests, and `GET /live`, which reports whether
//! the process is running.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use crate::app::App;
use crate::time::{now, rfc3339};

/// Answers as long as the process is running. An unavailable database is no reason to restart the process.
pub(super) async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Maximum time for a check of the database. The time is short, so that callers soon learn that the database does not answer.
const DATABASE_PING_TIMEOUT: Duration = Duration::from_secs(1);

/// Reports the server's health, without authentication. The status is 503 if the database does not answer or the server is shutting down.
#[utoipa::path(get, path = "/api/health", tag = "server", responses((status = 200), (status = 503)))]
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let healthy = match timeout(DATABASE_PING_TIMEOUT, app.store.ping()).await {
        Ok(Ok(())) => !app.lame_duck_started.is_cancelled() && !app.drain_started.is_cancelled(),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the database does not answer");
            false
        }
        Err(_) => {
            tracing::error!("the database does not answer in time");
            false
        }
    };
    let (status, word) =
        if healthy { (StatusCode::OK, "healthy") } else { (StatusCode::SERVICE_UNAVAILABLE, "unhealthy") };
    let body = json!({
        "success": healthy,
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        // Tells clients that they can safely repeat a write that has an idempotency key.
        "idempotency_keys": true,
        "timestamp": rfc3339(now()),
    });
    (status, Json(body)).into_response()
}
