//! `GET /api/health`, which needs no key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::time::{now, rfc3339};

/// Whether the server works; needs no key. 503 when the database does not answer, or the server drains.
#[utoipa::path(get, path = "/api/health", tag = "server", responses((status = 200), (status = 503)))]
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let healthy = match app.store.ping().await {
        Ok(()) => !app.draining.is_cancelled(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the database does not answer");
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
