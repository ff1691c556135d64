//! `ai_prompt` rules, asked of any endpoint that speaks the OpenAI chat completions protocol.
//!
//! They are asked only if no keyword or regex rule matched, all at once. The model's confidence determines the
//! decision: under 0.3 the item is flagged for a person, whatever the verdict, and so is a rejection under 0.6. An item
//! that can't be judged (no endpoint, no answer in time, an unreadable answer) is flagged too: it is never lost, and
//! never passes unseen.

mod cache;
mod endpoint;
mod queue;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::rule_set::Prompt;
use super::{Decision, Moderator};
use crate::Error;
use crate::store::Status;
use cache::VerdictCache;
use endpoint::Endpoint;
use queue::{JudgingPermit, PromptQueue};
use verdict::Verdict;

/// The most prompts that judge one item: those with the highest priority. With more, the item is flagged.
const PROMPTS_MAX: usize = 16;
/// The longest time that a question waits for a slot at the endpoint.
const ENDPOINT_QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most cached verdicts.
const CACHED_VERDICTS_MAX: usize = 10_000;

/// The endpoint of `ai_prompt` rules.
#[derive(Clone, PartialEq, Eq)]
pub struct AiOptions {
    /// The URL before `/chat/completions`, such as `https://api.openai.com/v1`. Without it, items that only an
    /// `ai_prompt` rule could decide are flagged.
    pub base_url: Option<String>,
    /// Sent as a bearer token, if there is one.
    pub api_key: Option<String>,
    /// The name of the model (`gpt-4o-mini`).
    pub model: String,
    /// The time from the request to the whole answer (10 s). Before that, a question waits up to 10 s for a slot.
    pub timeout: Duration,
    /// The number of concurrent questions (8). From four on, one project has at most three quarters of them.
    pub concurrency: usize,
    /// The number of questions that one project may ask within a minute (600); 0 lifts the limit. Items that need more
    /// are flagged.
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

/// Omits the key.
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

#[derive(Debug)]
pub(crate) struct Ai {
    endpoint: Option<Endpoint>,
    timeout: Duration,
    queue: Arc<PromptQueue>,
    cache: VerdictCache,
}

impl Ai {
    pub(crate) fn new(options: &AiOptions) -> Result<Self, Error> {
        Ok(Self {
            endpoint: Endpoint::new(options)?,
            timeout: options.timeout,
            queue: PromptQueue::new(options.concurrency, options.questions_per_minute),
            cache: VerdictCache::new(CACHED_VERDICTS_MAX),
        })
    }

    /// Admits an item to those that are judged.
    ///
    /// # Errors
    /// A decision that flags the item, when too many wait already.
    pub(super) fn admit(&self, project_id: &Arc<str>, bytes: usize) -> Result<JudgingPermit, Box<Decision>> {
        let judging = self.queue.admit(project_id, bytes);
        judging.ok_or_else(|| Box::new(undecided("too many items wait for a judgement")))
    }

    /// The prompts' decision for a text: the one that decides first. `stop` gives up on unanswered questions.
    pub(super) async fn judge(
        &self,
        project_id: &Arc<str>,
        prompts: &[Prompt],
        text: &str,
        stop: &CancellationToken,
    ) -> Vec<Decision> {
        let asked = prompts.iter().take(PROMPTS_MAX);
        let mut decisions = join_all(asked.map(|prompt| self.ask(project_id, prompt, text, stop))).await;
        if prompts.len() > PROMPTS_MAX {
            decisions.push(undecided("the project has too many prompts, and not all were asked"));
        }
        // The strictest decides; among equals, the one with the highest priority.
        decisions.sort_by_key(|decision| match decision.status {
            Status::Rejected => 0,
            Status::Flagged | Status::Pending => 1,
            Status::Approved => 2,
        });
        decisions
    }

    async fn ask(&self, project_id: &Arc<str>, prompt: &Prompt, text: &str, stop: &CancellationToken) -> Decision {
        let answer = tokio::select! {
            () = stop.cancelled() => Err("the server is shutting down"),
            answer = self.verdict(project_id, prompt, text) => answer,
        };
        let decision = match answer {
            Ok(verdict) => verdict.decision(prompt.action),
            Err(reason) => {
                tracing::warn!(rule = prompt.name.id, reason, "a prompt was not answered; the content is flagged");
                undecided(reason)
            }
        };
        Decision { rule: Some(prompt.name.clone()), ..decision }
    }

    async fn verdict(&self, project_id: &Arc<str>, prompt: &Prompt, text: &str) -> Result<Arc<Verdict>, &'static str> {
        let endpoint = self.endpoint.as_ref().ok_or("no endpoint is configured")?;
        let key = endpoint.cache_key(&prompt.text, text);
        if let Some(verdict) = self.cache.get(&key) {
            return Ok(verdict);
        }
        if !self.queue.count_prompt(project_id, Instant::now()) {
            return Err("the project has asked as much as it may within a minute");
        }
        let slot = timeout(ENDPOINT_QUEUE_TIMEOUT, self.queue.acquire(project_id)).await;
        let _slot = slot.map_err(|_| "too many questions wait")?.ok_or("the server is shutting down")?;
        let answer = timeout(self.timeout, endpoint.ask(&prompt.text, text)).await;
        let verdict = Arc::new(answer.map_err(|_| "no answer in time")??);
        self.cache.insert(key, verdict.clone());
        Ok(verdict)
    }
}

/// The decision about an item that could not be judged: a person decides, and the result gives the reason.
fn undecided(reason: &str) -> Decision {
    Decision::new(Moderator::Ai, Status::Flagged, 0.0, format!("Could not be judged: {reason}"))
}
