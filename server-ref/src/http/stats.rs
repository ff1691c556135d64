//! `GET /api/stats`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::error::ApiError;
use super::principal::Project;
use crate::app::App;
use crate::realtime::rates;

#[derive(Serialize)]
pub(super) struct Answer {
    success: bool,
    stats: Stats,
}

#[derive(Serialize)]
struct Stats {
    total_content: i64,
    approved: i64,
    rejected: i64,
    flagged: i64,
    pending: i64,
    approval_rate: f64,
}

pub(super) async fn stats(State(app): State<Arc<App>>, Project(project_id): Project) -> Result<Json<Answer>, ApiError> {
    let counts = app.store.counts(&project_id).await?;
    let [approval_rate, ..] = rates([counts.approved, counts.rejected, counts.flagged]);
    let stats = Stats {
        total_content: counts.total(),
        approved: counts.approved,
        rejected: counts.rejected,
        flagged: counts.flagged,
        pending: counts.pending,
        approval_rate,
    };
    Ok(Json(Answer { success: true, stats }))
}
