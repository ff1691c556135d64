//! The moderation of a batch of items.

use std::sync::Arc;

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};

use super::pipeline::{MatchOutcome, ModeratedItem, Submission};
use super::{IdempotencyGuard, Moderation};
use crate::Error;
use crate::store::{IdempotencyKey, IdempotentAnswer};

/// Maximum number of items in a batch.
pub(crate) const BATCH_ITEMS_MAX: usize = 100;
/// Maximum number of items of one batch that are matched and stored at the same time. Each takes several kilobytes of memory during this
/// time. Items whose prompts are being evaluated do not count, because each of them may take seconds; they have a limit of their own per
/// project.
const MATCHED_ITEMS_AT_ONCE: usize = 16;

/// The outcome of one item, with the item's index in the batch.
pub(crate) type BatchItemOutcome = (usize, Result<IdempotentAnswer<ModeratedItem>, Error>);

impl Moderation {
    /// Moderates the items of a batch, each given with its index, and returns one outcome for each item, in any order.
    ///
    /// Each item is stored separately, with its own part of the idempotency key. An item uses the shared threads and the writer only while it
    /// holds one of its project's slots.
    ///
    /// # Errors
    /// Returns [`Error::IdempotencyMismatch`] if the key was used for another request; no item is then stored. If two nodes handle different
    /// batches with the same key at the same time, items of both may be stored.
    pub(crate) async fn moderate_batch(
        self: &Arc<Self>,
        project_id: &Arc<str>,
        items: Vec<(usize, Submission)>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<BatchItemOutcome>, Error> {
        let _guard = match key {
            Some(key) => Some(self.lock_and_check_batch_key(project_id, key).await?),
            None => None,
        };
        let matches = items.into_iter().map(|(index, submission)| {
            let key = key.map(|key| key.for_part(index));
            self.match_and_commit(project_id.clone(), submission, key, true).map(move |outcome| (index, outcome))
        });
        let mut matches = stream::iter(matches).buffer_unordered(MATCHED_ITEMS_AT_ONCE);
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

    /// Waits for the key's lock on this node, and checks that the key was not used for another request.
    async fn lock_and_check_batch_key(
        &self,
        project_id: &Arc<str>,
        key: &IdempotencyKey,
    ) -> Result<IdempotencyGuard, Error> {
        let guard = self.idempotency_locks.lock(project_id, key).await;
        // An earlier batch may have been longer, so the keys of all possible parts are checked. An earlier single submission used the key
        // itself, so that key is checked too.
        let keys = (0..BATCH_ITEMS_MAX).map(|index| key.for_part(index)).chain([key.clone()]);
        self.store.check_idempotency_keys(project_id, &keys.collect::<Vec<_>>()).await?;
        Ok(guard)
    }
}
