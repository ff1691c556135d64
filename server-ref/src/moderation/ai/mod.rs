//! Evaluation of `ai_prompt` rules by an endpoint that implements the OpenAI chat completions protocol.
//!
//! The prompts of a project are evaluated concurrently, provided that no keyword or regex rule matched, and the strictest decision counts.
//! A verdict with a confidence below 0.3 counts as a flag, and so do a rejection with a confidence below 0.6 and a prompt that is not
//! answered, for example because the endpoint does not respond in time. An item that reaches the prompts is therefore never approved
//! without a verdict.

mod endpoint;
mod queue;
mod verdict;
mod verdict_cache;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::rule_set::PromptRule;
use super::{Decision, Moderator};
use crate::Error;
use crate::store::Status;
use endpoint::AiEndpoint;
use queue::{EndpointQueue, JudgingPermit};
use verdict::Verdict;
use verdict_cache::VerdictCache;

/// Maximum number of prompts by which one item is judged. If a project has more prompts, only those with the highest priorities are used,
/// and the item is flagged if none of them rejects it.
const PROMPTS_PER_ITEM_MAX: usize = 16;
/// Maximum time for which a question waits for a slot at the endpoint.
const ENDPOINT_QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of cached verdicts.
const CACHED_VERDICTS_MAX: usize = 10_000;

/// Options for the endpoint that evaluates `ai_prompt` rules.
#[derive(Clone, PartialEq, Eq)]
pub struct AiOptions {
    /// URL without `/chat/completions`, such as `https://api.openai.com/v1`. Without a URL, items that only an `ai_prompt` rule could
    /// decide on are flagged.
    pub base_url: Option<String>,
    /// Secret that is sent as a bearer token. Not needed for endpoints without authentication.
    pub api_key: Option<String>,
    /// Name of the model. The default is `gpt-4o-mini`.
    pub model: String,
    /// Maximum time from sending a question to receiving the whole answer. The default is 10 s. In addition, a question may wait
    /// for up to 10 s before it is sent.
    pub timeout: Duration,
    /// Maximum number of concurrent questions. The default is 8. If the maximum is 4 or greater, a single project may use at most about
    /// three quarters of it.
    pub concurrency: usize,
    /// Maximum number of questions per minute for one project. The default is 600, and 0 means no limit. An item with a question that
    /// exceeds the limit is flagged, unless another prompt rejects it.
    pub questions_per_minute: usize,
}

impl Default for AiOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            model: "gpt-4o-mini".into(),
            timeout: Duration::from_secs(10),
            concurrency: 8,
            questions_per_minute: 600,
        }
    }
}

/// Formats the options without the API key.
impl fmt::Debug for AiOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiOptions")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .field("questions_per_minute", &self.questions_per_minute)
            .finish_non_exhaustive()
    }
}

/// The language model that judges items by prompts.
#[derive(Debug)]
pub(crate) struct AiJudge {
    endpoint: Option<AiEndpoint>,
    answer_timeout: Duration,
    queue: Arc<EndpointQueue>,
    cache: VerdictCache,
}

impl AiJudge {
    pub(crate) fn new(options: &AiOptions) -> Result<Self, Error> {
        Ok(Self {
            endpoint: AiEndpoint::new(options)?,
            answer_timeout: options.timeout,
            queue: EndpointQueue::new(options.concurrency, options.questions_per_minute),
            cache: VerdictCache::new(CACHED_VERDICTS_MAX),
        })
    }

    /// Admits an item for judging.
    ///
    /// # Errors
    /// Returns a decision that flags the item if a limit on the items being judged is reached.
    pub(super) fn admit(&self, project_id: &Arc<str>, bytes: usize) -> Result<JudgingPermit, Box<Decision>> {
        let permit = self.queue.admit(project_id, bytes);
        permit.ok_or_else(|| Box::new(Self::flag_as_one_of_too_many()))
    }

    /// Returns the decision for an item that is not judged because too many other items are waiting.
    pub(super) fn flag_as_one_of_too_many() -> Decision {
        flag_unjudged("too many items are waiting to be judged")
    }

    /// Judges a text by the first [`PROMPTS_PER_ITEM_MAX`] prompts and returns the decisions, strictest first. Cancelling `stop`
    /// abandons unanswered questions.
    pub(super) async fn judge(
        &self,
        project_id: &Arc<str>,
        prompts: &[PromptRule],
        text: &str,
        stop: &CancellationToken,
    ) -> Vec<Decision> {
        let asked = prompts.iter().take(PROMPTS_PER_ITEM_MAX);
        let mut decisions = join_all(asked.map(|prompt| self.judge_by_prompt(project_id, prompt, text, stop))).await;
        if prompts.len() > PROMPTS_PER_ITEM_MAX {
            decisions.push(flag_unjudged("the project has too many prompts, and not all were evaluated"));
        }
        // Sorting is stable, so of equally strict decisions, the decision of the prompt with the highest priority comes first.
        decisions.sort_by_key(|decision| match decision.status {
            Status::Rejected => 0,
            Status::Flagged | Status::Pending => 1,
            Status::Approved => 2,
        });
        decisions
    }

    async fn judge_by_prompt(
        &self,
        project_id: &Arc<str>,
        prompt: &PromptRule,
        text: &str,
        stop: &CancellationToken,
    ) -> Decision {
        let answer = tokio::select! {
            () = stop.cancelled() => Err("the server is shutting down"),
            answer = self.obtain_verdict(project_id, prompt, text) => answer,
        };
        let decision = match answer {
            Ok(verdict) => verdict.decision_for_action(prompt.action),
            Err(reason) => {
                tracing::warn!(rule = prompt.rule.id, reason, "a prompt was not answered; the item is flagged");
                flag_unjudged(reason)
            }
        };
        Decision { rule: Some(prompt.rule.clone()), ..decision }
    }

    async fn obtain_verdict(
        &self,
        project_id: &Arc<str>,
        prompt: &PromptRule,
        text: &str,
    ) -> Result<Arc<Verdict>, &'static str> {
        let endpoint = self.endpoint.as_ref().ok_or("no endpoint is configured")?;
        let key = endpoint.cache_key(&prompt.text, text);
        if let Some(verdict) = self.cache.get(&key) {
            return Ok(verdict);
        }
        if !self.queue.count_question(project_id, Instant::now()) {
            return Err("the project has reached its limit of questions per minute");
        }
        let slot = timeout(ENDPOINT_QUEUE_TIMEOUT, self.queue.acquire_slot(project_id)).await;
        let _slot = slot.map_err(|_| "too many questions are waiting")?.ok_or("the server is shutting down")?;
        let answer = timeout(self.answer_timeout, endpoint.ask(&prompt.text, text)).await;
        let verdict = Arc::new(answer.map_err(|_| "no answer in time")??);
        self.cache.insert(key, verdict.clone());
        Ok(verdict)
    }
}

/// Returns the decision for an item that could not be judged. The item is flagged, and the result contains the reason.
fn flag_unjudged(reason: &str) -> Decision {
    Decision::new(Moderator::Ai, Status::Flagged, 0.0, format!("Could not be judged: {reason}"))
}
