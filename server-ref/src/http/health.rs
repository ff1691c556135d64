//! `GET /api/health` and `/ready` report whether requests should come here. `GET /live` reports whether the process
//! should keep running.

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

/// Answers as long as the process runs: an unavailable database is no reason to restart it.
pub(super) async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// The time limit of a check: the caller wants the current state.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// The server's health; needs no key. 503 if the database does not answer, or the server drains.
#[utoipa::path(get, path = "/api/health", tag = "server", responses((status = 200), (status = 503)))]
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let healthy = match timeout(PING_TIMEOUT, app.store.ping()).await {
        Ok(Ok(())) => !app.retiring.is_cancelled() && !app.draining.is_cancelled(),
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
        "timestamp": rfc3339(now()),
    });
    (status, Json(body)).into_response()
}
