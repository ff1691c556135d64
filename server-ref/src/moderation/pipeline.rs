//! The way of an item from its submission to a stored and published decision.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Decision, Moderation, ModerationUpdate, RuleSet, author};
use crate::Error;
use crate::ids::content_id;
use crate::store::{Answer, IdempotencyKey, Mutation, NewContent, ProjectChange, Status, Writer};
use crate::time::{Micros, now};

/// The longest text, and the largest recent cost of a project's rules, with which matching may run on a thread of the runtime, for
/// which other requests wait.
const INLINE_BYTES_MAX: usize = 16 * 1024;
const INLINE_COST_MAX: Duration = Duration::from_micros(200);

#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) content_type: String,
    pub(crate) content: String,
    pub(crate) meta_data: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Moderated {
    pub(crate) content_id: String,
    pub(crate) status: Status,
    /// JSON texts.
    pub(crate) results: Vec<String>,
}

impl Moderation {
    /// Decides about an item. Returns when item, results and event are durable; the event is published right after.
    /// A submission that repeats an earlier one with the same key stores nothing, and returns the earlier decision.
    pub(crate) async fn moderate(
        self: &Arc<Self>,
        project_id: Arc<str>,
        submission: Submission,
        key: Option<IdempotencyKey>,
    ) -> Result<Answer<Moderated>, Error> {
        let mut pending = PendingSubmission { project_id, submission, key, started: Instant::now(), at: now() };
        let rules = self.rules.get(&self.store, &self.matching, &pending.project_id).await?;
        let decided = self.match_rules(&rules, &mut pending).await?;
        if decided.is_none() && !rules.prompts().is_empty() {
            return self.clone().ask_prompts(rules, pending).await;
        }
        pending.store(&self.writer, vec![decided.unwrap_or_else(Decision::unmatched)]).await
    }

    /// Asks the prompts, which takes a while. A caller that stops waiting for the answer does not stop it: the item is stored all
    /// the same.
    async fn ask_prompts(
        self: Arc<Self>,
        rules: Arc<RuleSet>,
        pending: PendingSubmission,
    ) -> Result<Answer<Moderated>, Error> {
        // Rules are matched again for a repetition, because that costs less than a look into the database. A model is not asked
        // again.
        let mut guard = None;
        if let Some(key) = &pending.key {
            guard = Some(self.keys_in_flight.lock(&pending.project_id, key).await);
            if let Some(answer) = self.store.idempotent_answer(&pending.project_id, key).await? {
                return Answer::replayed(&answer);
            }
        }
        let permit = match self.ai.admit(&pending.project_id, pending.submission.content.len()) {
            Ok(permit) => permit,
            Err(undecided) => return pending.store(&self.writer, vec![*undecided]).await,
        };
        let token = self.in_flight.token();
        let judged = tokio::spawn(async move {
            let _held = (token, guard);
            let (prompts, text) = (rules.prompts(), &pending.submission.content);
            let decisions = self.ai.judge(&pending.project_id, prompts, text, &self.draining).await;
            drop(permit);
            pending.store(&self.writer, decisions).await
        });
        judged.await.map_err(|error| Error::Internal(error.to_string()))?
    }

    /// Matches short texts where the request is served, unless the project's rules took long of late, and others on threads of
    /// their own.
    async fn match_rules(
        &self,
        rules: &Arc<RuleSet>,
        pending: &mut PendingSubmission,
    ) -> Result<Option<Decision>, Error> {
        let content = &mut pending.submission.content;
        if content.len() <= INLINE_BYTES_MAX
            && rules.recent_cost() <= INLINE_COST_MAX
            && let Some(decided) = rules.decide_quickly(content)
        {
            return Ok(decided);
        }
        let (rules, content) = (rules.clone(), std::mem::take(content));
        let (mut progress, bytes) = (Some(rules.start()), content.len());
        let mut content = Some(content);
        let matching = self.matching.run(&pending.project_id, bytes, move || {
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

/// A submission on its way.
struct PendingSubmission {
    project_id: Arc<str>,
    submission: Submission,
    key: Option<IdempotencyKey>,
    started: Instant,
    at: Micros,
}

impl PendingSubmission {
    /// Stores and publishes the item with its decisions, of which the first one counts.
    async fn store(self, writer: &Writer, decisions: Vec<Decision>) -> Result<Answer<Moderated>, Error> {
        let Self { project_id, submission, key, started, at } = self;
        let processing_time = started.elapsed().as_secs_f64();
        let content_id = content_id();
        let decision = decisions.first().ok_or_else(|| Error::Internal("nothing was decided".into()))?;
        let update = ModerationUpdate {
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
            decisions.iter().map(|decision| decision.result(processing_time)).collect::<Result<Vec<_>, _>>()?;
        let content = NewContent {
            id: content_id.clone(),
            content_type: submission.content_type,
            content_data: submission.content,
            author: author(submission.meta_data.as_deref()),
            meta_data: submission.meta_data.map(|raw| raw.get().to_owned()),
            rule_id: decision.rule.as_ref().map(|rule| rule.id.clone()),
            status: decision.status,
            results: results.clone(),
        };
        let moderated = Moderated { content_id, status: content.status, results };
        let idempotency = key.map(|key| key.with_answer(&moderated)).transpose()?;
        let mutation = Mutation::Moderated(content);
        let change = ProjectChange { project_id, at, mutation, event: Some(event), audit: None, idempotency };
        writer.submit_once(change).await?.answer(moderated)
    }
}
