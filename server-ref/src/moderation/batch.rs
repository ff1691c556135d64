//! The moderation of a batch of items.

use std::sync::Arc;

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};

use super::pipeline::{MatchOutcome, ModeratedItem, Submission};
use super::{IdempotencyGuard, Moderation};
use crate::Error;
use crate::store::{IdempotencyKey, IdempotentAnswer, Mutation, ProjectChange};
use crate::time::now;

/// Maximum number of items in a batch.
pub(crate) const BATCH_ITEMS_MAX: usize = 100;
/// Maximum number of items of one batch that are matched and stored, or reviewed, at the same time. Each takes several kilobytes of memory
/// during this time. Items whose prompts are being evaluated do not count, because each of them may take seconds; they have a limit of their
/// own per project.
pub(super) const BATCH_ITEMS_AT_ONCE: usize = 16;

/// The outcome of one item, with the item's index in the batch.
pub(crate) type BatchItemOutcome = (usize, Result<IdempotentAnswer<ModeratedItem>, Error>);

impl Moderation {
    /// Moderates the items of a batch, each given with its index, and returns one outcome for each item, in any order.
    ///
    /// Each item is stored separately, with its own part of the idempotency key. An item uses the shared threads and the writer only while it
    /// holds one of its project's slots.
    ///
    /// # Errors
    /// Returns [`Error::IdempotencyMismatch`] if the key was used for another request. No item is then stored.
    pub(crate) async fn moderate_batch(
        self: &Arc<Self>,
        project_id: &Arc<str>,
        items: Vec<(usize, Submission)>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<BatchItemOutcome>, Error> {
        let _guard = match key {
            // A batch without valid items stores nothing, so it must not store a key either.
            Some(key) if !items.is_empty() => Some(self.claim_batch_key(project_id, key).await?),
            _ => None,
        };
        let matches = items.into_iter().map(|(index, submission)| {
            let key = key.map(|key| key.for_part(index));
            self.match_and_commit(project_id.clone(), submission, key, true).map(move |outcome| (index, outcome))
        });
        let mut matches = stream::iter(matches).buffer_unordered(BATCH_ITEMS_AT_ONCE);
        let (mut evaluations, mut outcomes) = (FuturesUnordered::new(), Vec::new());
        loop {
            tokio::select! {
                Some((index, matched)) = matches.next() => match matched {
                    Ok(MatchOutcome::Committed(answer)) => outcomes.push((index, Ok(answer))),
                    Ok(MatchOutcome::NeedsPrompts(evaluation)) => {
                        evaluations.push(evaluation.map(move |outcome| (index, outcome)));
                    }
                    Err(error) => outcomes.push((index, Err(error))),
                },
                Some(outcome) = evaluations.next() => outcomes.push(outcome),
                else => return Ok(outcomes),
            }
        }
    }

    /// Reserves the key for the whole request before anything is stored for its parts, so that no other request can use the key, not even
    /// on another node. Waits until no other request with this key is being processed on this node.
    ///
    /// # Errors
    /// Returns [`Error::IdempotencyMismatch`] if the key was used for another request.
    pub(super) async fn claim_batch_key(
        &self,
        project_id: &Arc<str>,
        key: &IdempotencyKey,
    ) -> Result<IdempotencyGuard, Error> {
        let guard = self.idempotency_locks.lock(project_id, key).await;
        let _slot = self.batch_slots.acquire(project_id).await;
        // A repeated request is answered with the answers of its parts, so the answer that is stored for the whole request is empty.
        let idempotency = Some(key.clone().with_answer(&())?);
        let (project_id, mutation) = (project_id.clone(), Mutation::Nothing);
        let claim = ProjectChange { project_id, at: now(), mutation, event: None, audit: None, idempotency };
        self.writer.submit_idempotent(claim).await?;
        Ok(guard)
    }
}
