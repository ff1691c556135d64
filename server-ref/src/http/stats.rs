//! Route `GET /api/stats`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::ProjectCaller;
use super::error::ApiError;
use crate::app::App;
use crate::auth::Permission;
use crate::realtime::percentages;
use crate::store::StatusCounts;

#[derive(Serialize, ToSchema)]
pub(super) struct StatsAnswer {
    success: bool,
    stats: Stats,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Stats {
    total_content: i64,
    approved: i64,
    rejected: i64,
    flagged: i64,
    pending: i64,
    approval_rate: f64,
}

/// Returns the number of items in a project, in total and by status, and the approval rate.
#[utoipa::path(
    get, path = "/api/stats", tag = "content",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects")),
    responses((status = 200, body = StatsAnswer))
)]
pub(super) async fn stats(State(app): State<Arc<App>>, project: ProjectCaller) -> Result<Json<StatsAnswer>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Read).await?;
    Ok(Json(StatsAnswer { success: true, stats: Stats::new(app.store.status_counts(&project_id).await?) }))
}

impl Stats {
    pub(super) fn new(counts: StatusCounts) -> Self {
        let [approval_rate, ..] = percentages([counts.approved, counts.rejected, counts.flagged]);
        Self {
            total_content: counts.total(),
            approved: counts.approved,
            rejected: counts.rejected,
            flagged: counts.flagged,
            pending: counts.pending,
            approval_rate,
        }
    }
}
