//! Route `POST /api/content/review`.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batch_answer::{BatchAnswer, batch_answer};
use super::caller::ProjectCaller;
use super::error::ApiError;
use super::idempotency::{IdempotencyHeaderDescription, KeyedBody, ReplayableAnswer};
use super::input::JsonBody;
use super::review::trim_and_check_reason;
use crate::app::App;
use crate::auth::Permission;
use crate::moderation::Action;
use crate::store::Status;
use crate::time::rfc3339;

/// Maximum number of items in a request.
const REVIEWED_ITEMS_MAX: usize = 500;

/// A new decision about several items.
#[derive(Deserialize, ToSchema)]
pub(super) struct BulkReviewBody {
    /// The ids of the items, each once; at most 500.
    #[schema(min_items = 1, max_items = 500)]
    content_ids: Vec<String>,
    /// `approve`, `reject` or `flag`; `approved`, `rejected` and `flagged` mean the same.
    decision: Action,
    reason: Option<String>,
}

/// A reviewed item.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewedItem {
    success: bool,
    content_id: String,
    status: Status,
    /// Time of the review.
    updated_at: String,
}

/// Replaces the decisions about up to 500 items.
///
/// Each item is reviewed separately, as with `POST /api/content/{id}/review`, and each review publishes an event. An item that can't be
/// reviewed, for example because it does not exist, does not affect the other items, and its result is the error. With an
/// `Idempotency-Key`, the whole request fails if the key was used for another request, or if a retry may resolve the error of an item. In
/// the latter case, the status is 503 if some items may have been reviewed, and the retry reviews only the other items.
#[utoipa::path(
    post, path = "/api/content/review", tag = "content",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects"), IdempotencyHeaderDescription),
    request_body = BulkReviewBody, responses((status = 200, body = BatchAnswer<ReviewedItem>))
)]
pub(super) async fn review(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    request: Result<KeyedBody<JsonBody<BulkReviewBody>>, ApiError>,
) -> Result<ReplayableAnswer<BatchAnswer<ReviewedItem>>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Review).await?;
    let KeyedBody { body: JsonBody(BulkReviewBody { content_ids, decision, reason }), key } = request?;
    if !(1..=REVIEWED_ITEMS_MAX).contains(&content_ids.len()) {
        return Err(ApiError::invalid(format!("content_ids must have from 1 to {REVIEWED_ITEMS_MAX} entries")));
    }
    if content_ids.iter().collect::<HashSet<_>>().len() < content_ids.len() {
        return Err(ApiError::invalid("content_ids must not contain an id twice"));
    }
    let (reason, reviewer) = (trim_and_check_reason(reason.as_deref())?, project.caller.actor());
    let reviewed =
        app.moderation.review_batch(&project_id, &content_ids, decision, reason, &reviewer, key.as_ref()).await?;
    let outcomes = reviewed.into_iter().map(|(index, outcome)| {
        let with_id = outcome.map(|state| state.map(|state| (content_ids[index].clone(), state)));
        (index, with_id.map_err(ApiError::from))
    });
    batch_answer(outcomes.collect(), key.is_some(), |(content_id, state)| {
        Ok(ReviewedItem { success: true, content_id, status: state.status, updated_at: rfc3339(state.updated_at) })
    })
}
