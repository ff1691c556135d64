//! Route `POST /api/moderate/batch`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::batch_answer::{BatchAnswer, batch_answer};
use super::caller::ProjectCaller;
use super::error::ApiError;
use super::idempotency::{IdempotencyHeaderDescription, KeyedBody, ReplayableAnswer};
use super::input;
use super::moderate::{ModerateAnswer, SubmissionBody, parse_submission};
use crate::app::App;
use crate::auth::Permission;
use crate::moderation::BATCH_ITEMS_MAX;

/// Items to moderate.
#[derive(Deserialize, ToSchema)]
pub(super) struct BatchBody {
    /// The items; at most 100.
    #[schema(value_type = Vec<SubmissionBody>, min_items = 1, max_items = 100)]
    items: Vec<Box<RawValue>>,
}

/// Moderates up to 100 items.
///
/// Each item is stored and published separately. A refused item does not affect the other items, and its result is the error. With an
/// `Idempotency-Key`, the whole request fails if the key was used for another request, or if a retry may resolve the error of an item. In
/// the latter case, the status is 503 if some items may have been stored, and the retry moderates only the items that were not stored.
#[utoipa::path(
    post, path = "/api/moderate/batch", tag = "content",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects"), IdempotencyHeaderDescription),
    request_body = BatchBody, responses((status = 200, body = BatchAnswer<ModerateAnswer>))
)]
pub(super) async fn moderate(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    request: Result<KeyedBody<Bytes>, ApiError>,
) -> Result<ReplayableAnswer<BatchAnswer<ModerateAnswer>>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Submit).await?;
    let KeyedBody { body, key } = request?;
    let BatchBody { items } = input::parse_json(&body)?;
    if !(1..=BATCH_ITEMS_MAX).contains(&items.len()) {
        return Err(ApiError::invalid(format!("items must have from 1 to {BATCH_ITEMS_MAX} entries")));
    }
    let (mut outcomes, mut submissions) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for (index, item) in items.into_iter().enumerate() {
        match parse_submission(item.get().as_bytes()) {
            Ok(submission) => submissions.push((index, submission)),
            Err(error) => outcomes.push((index, Err(error))),
        }
    }
    let moderated = app.moderation.moderate_batch(&project_id, submissions, key.as_ref()).await?;
    outcomes.extend(moderated.into_iter().map(|(index, outcome)| (index, outcome.map_err(ApiError::from))));
    batch_answer(outcomes, key.is_some(), ModerateAnswer::new)
}
