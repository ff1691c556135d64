//! `GET /api/projects/{id}/snapshot`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::Ids;
use super::rules::{Rule, shown};
use super::stats::Stats;
use crate::app::App;
use crate::auth::Permission;
use crate::store::Content;

/// The most items of the review queue that a snapshot contains; `GET /api/content?status=flagged` lists the others.
const REVIEW_ITEMS_MAX: i64 = 100;

/// The state of a project at one position in its event log.
#[derive(Serialize, ToSchema)]
pub(super) struct SnapshotAnswer {
    success: bool,
    /// Id of the event log.
    log: String,
    /// The newest event that the state includes: a replay after it continues exactly there.
    event_id: i64,
    stats: Stats,
    /// All rules, in the order in which they are tried.
    rules: Vec<Rule>,
    review: ReviewQueue,
}

/// The items that wait for a review.
#[derive(Serialize, ToSchema)]
struct ReviewQueue {
    /// Number of items in the queue.
    total: i64,
    /// The newest 100 of them, newest first.
    items: Vec<Content>,
}

/// Reads statistics, rules and the review queue as of one event. A live view starts with them, and applies the events after
/// `event_id`.
#[utoipa::path(
    get, path = "/api/projects/{id}/snapshot", tag = "projects", params(("id" = String, Path)),
    responses((status = 200, body = SnapshotAnswer))
)]
pub(super) async fn snapshot(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<String>,
) -> Result<Json<SnapshotAnswer>, ApiError> {
    caller.allow(&app, &id, Permission::Read).await?;
    let snapshot = app.store.snapshot(&id, REVIEW_ITEMS_MAX).await?;
    Ok(Json(SnapshotAnswer {
        success: true,
        log: app.store.log_id().as_ref().to_owned(),
        event_id: snapshot.totals.head,
        stats: Stats::new(snapshot.totals.counts),
        rules: snapshot.rules.into_iter().map(|rule| shown(&id, rule)).collect::<Result<_, _>>()?,
        review: ReviewQueue { total: snapshot.totals.counts.flagged, items: snapshot.flagged },
    }))
}
