//! Route `GET /api/projects/{id}/snapshot`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::PathIds;
use super::rules::{RuleInfo, rule_info};
use super::stats::Stats;
use crate::app::App;
use crate::auth::Permission;
use crate::store::Content;

/// Maximum number of items from the review queue in a snapshot. `GET /api/content?status=flagged` lists the whole queue.
const REVIEW_ITEMS_MAX: i64 = 100;

/// The state of a project at one position in its event log.
#[derive(Serialize, ToSchema)]
pub(super) struct SnapshotAnswer {
    success: bool,
    /// Id of the event log.
    log: String,
    /// Id of the newest event that the state includes. A replay after this event continues without a gap.
    event_id: i64,
    stats: Stats,
    /// All rules, highest priority first, and oldest first among rules with the same priority.
    rules: Vec<RuleInfo>,
    review: ReviewQueue,
}

/// The items awaiting review.
#[derive(Serialize, ToSchema)]
struct ReviewQueue {
    /// Number of items in the queue.
    total: i64,
    /// Up to 100 items, newest first.
    items: Vec<Content>,
}

/// Returns a project's statistics, rules and review queue at one position in its event log.
///
/// A live view starts with this state and then applies the events after `event_id`.
#[utoipa::path(
    get, path = "/api/projects/{id}/snapshot", tag = "projects", params(("id" = String, Path)),
    responses((status = 200, body = SnapshotAnswer))
)]
pub(super) async fn snapshot(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<SnapshotAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::Read).await?;
    // The log's id is read first: if the log is replaced in the meantime, the client sees an outdated id and reports a gap.
    let log = app.store.log_id();
    let snapshot = app.store.project_snapshot(&id, REVIEW_ITEMS_MAX).await?;
    Ok(Json(SnapshotAnswer {
        success: true,
        log: log.as_ref().to_owned(),
        event_id: snapshot.totals.head,
        stats: Stats::new(snapshot.totals.counts),
        rules: snapshot.rules.into_iter().map(|rule| rule_info(&id, rule)).collect::<Result<_, _>>()?,
        review: ReviewQueue { total: snapshot.totals.counts.flagged, items: snapshot.newest_flagged_contents },
    }))
}
