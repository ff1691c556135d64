//! The answer to a request that concerns several items.

use axum::Json;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorAnswer};
use super::idempotency::ReplayableAnswer;
use crate::Error;
use crate::store::IdempotentAnswer;

/// The results, in the order of the items.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchAnswer<R> {
    success: bool,
    results: Vec<ItemResult<R>>,
}

/// The result for one item.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum ItemResult<R> {
    Done(R),
    Refused(ErrorAnswer),
}

/// Creates the answer from the outcomes, each given with its index in the request.
///
/// # Errors
/// Returns an error if `to_result` fails, or if the request has an idempotency key and the error of an item
/// [must fail the batch](ApiError::should_fail_batch).
pub(super) fn batch_answer<T, R>(
    mut outcomes: Vec<(usize, Result<IdempotentAnswer<T>, ApiError>)>,
    is_keyed: bool,
    to_result: impl Fn(T) -> Result<R, Error>,
) -> Result<ReplayableAnswer<BatchAnswer<R>>, ApiError> {
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    let outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    let is_replayed = outcomes.iter().flatten().all(|done| done.is_replayed) && outcomes.iter().any(Result::is_ok);
    let is_partly_stored =
        outcomes.iter().any(|outcome| outcome.as_ref().err().is_none_or(ApiError::is_outcome_unknown));
    let mut results = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        results.push(match outcome {
            Ok(done) => ItemResult::Done(to_result(done.value)?),
            Err(error) if is_keyed && error.should_fail_batch() => {
                return Err(if is_partly_stored { error.for_partly_stored_batch() } else { error });
            }
            Err(error) => ItemResult::Refused(error.into()),
        });
    }
    Ok(ReplayableAnswer { status: StatusCode::OK, answer: Json(BatchAnswer { success: true, results }), is_replayed })
}
