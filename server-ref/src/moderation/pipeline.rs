//! The path of an item from its submission to the stored and published decision.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::ai::AiJudge;
use super::{Decision, Moderation, ModerationUpdateWithoutDecision, RuleSet, author_id};
use crate::Error;
use crate::ids::new_content_id;
use crate::store::{IdempotencyKey, IdempotentAnswer, Mutation, NewContent, ProjectChange, Status, Writer};
use crate::time::{Micros, now};

/// Maximum length, in bytes, of a text that is matched on a thread that also serves other requests.
const INLINE_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Maximum recent matching time of a project whose rules are matched on a thread that also serves other requests.
const INLINE_PEAK_TIME_MAX: Duration = Duration::from_micros(200);

/// Time for which an item of a batch waits for an evaluation slot. If the item gets none, it is flagged.
const EVALUATION_SLOT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) content_type: String,
    pub(crate) content: String,
    pub(crate) meta_data: Option<Box<RawValue>>,
}

/// A stored item with its decision.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ModeratedItem {
    pub(crate) content_id: String,
    pub(crate) status: Status,
    /// The entries of `moderation_results`, each as JSON text.
    pub(crate) results: Vec<String>,
}

impl Moderation {
    /// Moderates an item and returns once the item, its results and its event are durable. The event is published right
    /// afterwards.
    ///
    /// For a submission that repeats an earlier one with the same idempotency key, nothing is stored and the earlier decision is returned.
    pub(crate) async fn moderate(
        self: &Arc<Self>,
        project_id: Arc<str>,
        submission: Submission,
        key: Option<IdempotencyKey>,
    ) -> Result<IdempotentAnswer<ModeratedItem>, Error> {
        match self.match_and_commit(project_id, submission, key, false).await? {
            MatchOutcome::Committed(answer) => Ok(answer),
            MatchOutcome::NeedsPrompts(evaluation) => evaluation.await,
        }
    }

    /// Matches the keyword and regex rules, and stores the item unless its prompts must be evaluated first. An item of a batch first waits
    /// for a slot, and its processing time does not include this wait.
    pub(super) async fn match_and_commit(
        self: &Arc<Self>,
        project_id: Arc<str>,
        submission: Submission,
        key: Option<IdempotencyKey>,
        is_batch_item: bool,
    ) -> Result<MatchOutcome, Error> {
        let slot = if is_batch_item { self.batch_slots.acquire(&project_id).await } else { None };
        let (started_at, at) = (Instant::now(), now());
        let mut pending = PendingSubmission { project_id, submission, key, is_batch_item, started_at, at };
        let rules = self.rule_cache.get(&self.store, &self.matching_pool, &pending.project_id).await?;
        let decided = self.match_rules(&rules, &mut pending).await?;
        if decided.is_none() && !rules.prompts().is_empty() {
            // The model may take seconds, during which other items can use the slot.
            drop(slot);
            return Ok(MatchOutcome::NeedsPrompts(self.clone().evaluate_prompts_and_commit(rules, pending).boxed()));
        }
        let decision = decided.unwrap_or_else(Decision::approve_unmatched);
        Ok(MatchOutcome::Committed(pending.commit(&self.writer, vec![decision]).await?))
    }

    /// Waits for an evaluation slot of the project if the item belongs to a batch. If no slot becomes free in time, returns a decision that
    /// flags the item as the error.
    async fn acquire_evaluation_slot_if_batch_item(
        &self,
        pending: &PendingSubmission,
    ) -> Result<Option<OwnedSemaphorePermit>, Box<Decision>> {
        if !pending.is_batch_item {
            return Ok(None);
        }
        let slot = self.evaluation_slots.acquire(&pending.project_id);
        timeout(EVALUATION_SLOT_TIMEOUT, slot).await.map_err(|_| Box::new(AiJudge::flag_as_one_of_too_many()))
    }

    /// Evaluates the prompts, which may take seconds, and stores the item. Once the evaluation has started, it continues in the background
    /// even if the caller stops waiting.
    async fn evaluate_prompts_and_commit(
        self: Arc<Self>,
        rules: Arc<RuleSet>,
        pending: PendingSubmission,
    ) -> Result<IdempotentAnswer<ModeratedItem>, Error> {
        let evaluation_slot = match self.acquire_evaluation_slot_if_batch_item(&pending).await {
            Ok(slot) => slot,
            Err(decision) => return self.commit_in_slot(pending, vec![*decision]).await,
        };
        // For a repeated submission, the rules are matched again, because matching is faster than a query to the database. The model is
        // not asked again.
        let mut guard = None;
        if let Some(key) = &pending.key {
            guard = Some(self.idempotency_locks.lock(&pending.project_id, key).await);
            if let Some(answer) = self.store.idempotent_answer(&pending.project_id, key).await? {
                return IdempotentAnswer::from_stored(&answer);
            }
        }
        let permit = match self.ai_judge.admit(&pending.project_id, pending.submission.content.len()) {
            Ok(permit) => permit,
            Err(decision) => return self.commit_in_slot(pending, vec![*decision]).await,
        };
        let token = self.in_flight.token();
        let judged = tokio::spawn(async move {
            let _guards = (token, guard, evaluation_slot);
            let (prompts, text) = (rules.prompts(), &pending.submission.content);
            let decisions = self.ai_judge.judge(&pending.project_id, prompts, text, &self.drain_started).await;
            drop(permit);
            self.commit_in_slot(pending, decisions).await
        });
        judged.await.map_err(|error| Error::Internal(error.to_string()))?
    }

    /// Stores an item, in a slot of its project if the item belongs to a batch.
    async fn commit_in_slot(
        &self,
        pending: PendingSubmission,
        decisions: Vec<Decision>,
    ) -> Result<IdempotentAnswer<ModeratedItem>, Error> {
        let _slot = if pending.is_batch_item { self.batch_slots.acquire(&pending.project_id).await } else { None };
        pending.commit(&self.writer, decisions).await
    }

    /// Matches a submission against the keyword and regex rules. A short text is matched on the current thread if the project's rules have
    /// been fast recently. If this takes too long, and for all other texts, the pool is used.
    async fn match_rules(
        &self,
        rules: &Arc<RuleSet>,
        pending: &mut PendingSubmission,
    ) -> Result<Option<Decision>, Error> {
        let content = &mut pending.submission.content;
        if content.len() <= INLINE_TEXT_BYTES_MAX
            && rules.recent_peak_time() <= INLINE_PEAK_TIME_MAX
            && let Some(decided) = rules.try_decide_inline(content)
        {
            return Ok(decided);
        }
        let (rules, content) = (rules.clone(), std::mem::take(content));
        let (mut progress, bytes) = (Some(rules.start_matching()), content.len());
        let mut content = Some(content);
        let matching = self.matching_pool.run(&pending.project_id, bytes, move || {
            let text = content.as_deref().unwrap_or_default();
            if !rules.advance(progress.as_mut()?, text) {
                return None;
            }
            Some((rules.decision(progress.take()?), content.take()?))
        });
        let (decision, content) = matching.await?;
        pending.submission.content = content;
        Ok(decision)
    }
}

/// The outcome of matching an item against the keyword and regex rules.
pub(super) enum MatchOutcome {
    /// The item was decided on and stored, or the submission repeats an earlier one.
    Committed(IdempotentAnswer<ModeratedItem>),
    /// No rule matched, and the project has prompts. The future evaluates them and stores the item.
    NeedsPrompts(BoxFuture<'static, Result<IdempotentAnswer<ModeratedItem>, Error>>),
}

/// A submission that has not been stored yet.
struct PendingSubmission {
    project_id: Arc<str>,
    submission: Submission,
    key: Option<IdempotencyKey>,
    is_batch_item: bool,
    started_at: Instant,
    at: Micros,
}

impl PendingSubmission {
    /// Stores the item with its decisions, and publishes the first decision, which determines the item's status.
    async fn commit(self, writer: &Writer, decisions: Vec<Decision>) -> Result<IdempotentAnswer<ModeratedItem>, Error> {
        let Self { project_id, submission, key, is_batch_item: _, started_at, at } = self;
        let processing_time = started_at.elapsed().as_secs_f64();
        let content_id = new_content_id();
        let decision = decisions.first().ok_or_else(|| Error::Internal("no decision was made".into()))?;
        let update = ModerationUpdateWithoutDecision {
            project_id: &project_id,
            content_id: &content_id,
            content_type: &submission.content_type,
            content: &submission.content,
            meta_data: submission.meta_data.as_deref(),
            results_count: decisions.len(),
            processing_time,
            at,
        };
        let event = update.event(decision)?;
        let results =
            decisions.iter().map(|decision| decision.result_json(processing_time)).collect::<Result<Vec<_>, _>>()?;
        let content = NewContent {
            id: content_id.clone(),
            content_type: submission.content_type,
            content_data: submission.content,
            author_id: author_id(submission.meta_data.as_deref()),
            meta_data: submission.meta_data.map(|raw| raw.get().to_owned()),
            rule_id: decision.rule.as_ref().map(|rule| rule.id.clone()),
            status: decision.status,
            moderation_results: results.clone(),
        };
        let moderated = ModeratedItem { content_id, status: content.status, results };
        let idempotency = key.map(|key| key.with_answer(&moderated)).transpose()?;
        let mutation = Mutation::Moderated(content);
        let change = ProjectChange { project_id, at, mutation, event: Some(event), audit: None, idempotency };
        writer.submit_idempotent(change).await?.into_answer(moderated)
    }
}
