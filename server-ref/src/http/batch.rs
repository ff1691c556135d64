//! Route `POST /api/moderate/batch`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::caller::ProjectCaller;
use super::error::{ApiError, ErrorAnswer};
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

/// The results, in the order of the items.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchAnswer {
    success: bool,
    results: Vec<BatchResult>,
}

/// The result for one item: the response body that `POST /api/moderate` would return for it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum BatchResult {
    Moderated(ModerateAnswer),
    Refused(ErrorAnswer),
}

/// Moderates up to 100 items.
///
/// Each item is stored and published separately. A refused item does not affect the other items, and its result is the error. With an
/// `Idempotency-Key`, the whole request fails if the key was used for another request, or if a retry may resolve the error of an item. If
/// some items may have been stored, the status is 503; unless another request used the key, a retry moderates only the items that were
/// not stored.
#[utoipa::path(
    post, path = "/api/moderate/batch", tag = "content",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects"), IdempotencyHeaderDescription),
    request_body = BatchBody, responses((status = 200, body = BatchAnswer))
)]
pub(super) async fn moderate(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    request: Result<KeyedBody<Bytes>, ApiError>,
) -> Result<ReplayableAnswer<BatchAnswer>, ApiError> {
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
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    let outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    let is_replayed = outcomes.iter().flatten().all(|done| done.is_replayed) && outcomes.iter().any(Result::is_ok);
    let is_partly_stored =
        outcomes.iter().any(|outcome| outcome.as_ref().err().is_none_or(ApiError::is_outcome_unknown));
    let mut results = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        results.push(match outcome {
            Ok(done) => BatchResult::Moderated(ModerateAnswer::new(done.value)?),
            Err(error) if key.is_some() && error.should_fail_batch() => {
                return Err(if is_partly_stored { error.for_partly_stored_batch() } else { error });
            }
            Err(error) => BatchResult::Refused(error.into()),
        });
    }
    Ok(ReplayableAnswer { status: StatusCode::OK, answer: Json(BatchAnswer { success: true, results }), is_replayed })
}
