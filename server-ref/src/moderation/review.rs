//! Reviews: decisions that people, or programs with an API key, make about stored items.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::batch::BATCH_ITEMS_AT_ONCE;
use super::rule::Action;
use super::{Decision, Moderation, ModerationUpdateWithoutDecision, Moderator, author_id};
use crate::Error;
use crate::store::{
    Actor, AuditDraft, Content, ContentReview, IdempotencyKey, IdempotentAnswer, Mutation, ProjectChange, Status,
};
use crate::time::{Micros, now, rfc3339};

/// The state of an item right after a review.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReviewedState {
    pub(crate) status: Status,
    pub(crate) updated_at: Micros,
    /// The number of results, including the result of the review.
    results_count: usize,
}

impl ReviewedState {
    /// Restores this state in an item that later reviews may have changed.
    pub(crate) fn restore(&self, content: &mut Content) {
        content.status = self.status;
        content.updated_at = rfc3339(self.updated_at);
        content.moderation_results.truncate(self.results_count);
    }
}

/// The outcome of one review in a batch, with the item's index in the request.
pub(crate) type ReviewOutcome = (usize, Result<IdempotentAnswer<ReviewedState>, Error>);

impl Moderation {
    /// Replaces the decisions about several items by calling [`review`](Self::review) for each, and returns one outcome for each item, in
    /// any order. Each review is stored separately, with its own part of the idempotency key.
    ///
    /// # Errors
    /// Returns [`Error::IdempotencyMismatch`] if the key was used for another request. Nothing is then stored.
    pub(crate) async fn review_batch(
        &self,
        project_id: &Arc<str>,
        content_ids: &[String],
        action: Action,
        reason: &str,
        reviewer: &Actor,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<ReviewOutcome>, Error> {
        let _guard = match key {
            Some(key) => Some(self.claim_batch_key(project_id, key).await?),
            None => None,
        };
        let reviews = content_ids.iter().cloned().enumerate().map(|(index, id)| {
            let review = async move {
                let _slot = self.batch_slots.acquire(project_id).await;
                let content = self.store.content(project_id, &id).await?.ok_or(Error::NotFound("Content"))?;
                let key = key.map(|key| key.for_part(&id));
                self.review(project_id.clone(), &content, action, reason, reviewer, key).await
            };
            review.map(move |outcome| (index, outcome))
        });
        Ok(stream::iter(reviews).buffer_unordered(BATCH_ITEMS_AT_ONCE).collect().await)
    }

    /// Replaces the decision about an item and returns once the new decision and its event are durable. The latest decision always
    /// counts, regardless of who made it. A request that repeats an earlier one with the same idempotency key changes nothing.
    pub(crate) async fn review(
        &self,
        project_id: Arc<str>,
        content: &Content,
        action: Action,
        reason: &str,
        reviewer: &Actor,
        key: Option<IdempotencyKey>,
    ) -> Result<IdempotentAnswer<ReviewedState>, Error> {
        let at = now();
        let moderator = Moderator::Manual(reviewer.name.to_string());
        let decision = Decision::new(moderator, action.status(), 1.0, reason.to_owned());
        let meta_data = content.meta_data.as_deref();
        let update = ModerationUpdateWithoutDecision {
            project_id: &project_id,
            content_id: &content.id,
            content_type: &content.content_type,
            content: &content.content_data,
            meta_data,
            results_count: content.moderation_results.len() + 1,
            processing_time: 0.0,
            at,
        };
        let event = Some(update.event(&decision)?);
        let review = ContentReview {
            content_id: content.id.clone(),
            author_id: author_id(meta_data),
            status: decision.status,
            moderation_result: decision.result_json(0.0)?,
        };
        let reviewed = ReviewedState {
            status: decision.status,
            updated_at: at,
            results_count: content.moderation_results.len() + 1,
        };
        let after = json!({"status": decision.status.as_str(), "reason": reason});
        let audit = Some(AuditDraft::new(reviewer, "content.review", &content.id).with_after(after).into());
        let idempotency = key.map(|key| key.with_answer(&reviewed)).transpose()?;
        let mutation = Mutation::Reviewed(review);
        let change = ProjectChange { project_id, at, mutation, event, audit, idempotency };
        self.writer.submit_idempotent(change).await?.into_answer(reviewed)
    }
}
