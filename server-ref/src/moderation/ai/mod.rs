//! `ai_prompt` rules, asked of any endpoint that speaks the OpenAI chat completions protocol.
//!
//! They are asked only if no keyword or regex rule matched, all at once. The model's confidence determines the
//! decision: under 0.3 the item is flagged for a person, whatever the verdict, and so is a rejection under 0.6. An item
//! that can't be judged (no endpoint, no answer in time, an unreadable answer) is flagged too: it is never lost, and
//! never passes unseen.

mod cache;
mod endpoint;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::rule_set::Prompt;
use super::{Moderator, Outcome};
use crate::Error;
use crate::store::Status;
use cache::Cache;
use endpoint::Endpoint;

/// The number of cached verdicts.
const REMEMBERED: usize = 10_000;

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
    /// The time from the request to the whole answer, including the wait for other requests (10 s).
    pub timeout: Duration,
    /// The number of concurrent questions (8).
    pub concurrency: usize,
}

impl Default for AiOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            model: "gpt-4o-mini".into(),
            timeout: Duration::from_secs(10),
            concurrency: 8,
        }
    }
}

/// Without the key.
impl fmt::Debug for AiOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AiOptions")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Ai {
    endpoint: Option<Endpoint>,
    timeout: Duration,
    places: Semaphore,
    cache: Cache,
}

impl Ai {
    pub(crate) fn new(options: &AiOptions) -> Result<Self, Error> {
        Ok(Self {
            endpoint: Endpoint::new(options)?,
            timeout: options.timeout,
            places: Semaphore::new(options.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            cache: Cache::new(REMEMBERED),
        })
    }

    /// The prompts' outcome for a text: the one that decides first. `stop` gives up on unanswered questions.
    pub(super) async fn judge(&self, prompts: &[Prompt], text: &str, stop: &CancellationToken) -> Vec<Outcome> {
        let mut outcomes = join_all(prompts.iter().map(|prompt| self.ask(prompt, text, stop))).await;
        // The strictest decides; among equals, the one with the highest priority.
        outcomes.sort_by_key(|outcome| match outcome.status {
            Status::Rejected => 0,
            Status::Flagged | Status::Pending => 1,
            Status::Approved => 2,
        });
        outcomes
    }

    async fn ask(&self, prompt: &Prompt, text: &str, stop: &CancellationToken) -> Outcome {
        let asked = async {
            let endpoint = self.endpoint.as_ref().ok_or("no endpoint is configured")?;
            let key = endpoint.cache_key(&prompt.text, text);
            if let Some(verdict) = self.cache.get(&key) {
                return Ok(verdict);
            }
            let _place = self.places.acquire().await.map_err(|_| "the server is shutting down")?;
            let verdict = Arc::new(endpoint.ask(&prompt.text, text).await?);
            self.cache.insert(key, verdict.clone());
            Ok(verdict)
        };
        let answer = tokio::select! {
            () = stop.cancelled() => Err("the server is shutting down"),
            answer = tokio::time::timeout(self.timeout, asked) => answer.unwrap_or(Err("no answer in time")),
        };
        let outcome = match answer {
            Ok(verdict) => verdict.outcome(prompt.action),
            Err(reason) => {
                tracing::warn!(rule = prompt.name.id, reason, "a prompt was not answered; the content is flagged");
                let reason = format!("Could not be judged: {reason}");
                Outcome::decided(Moderator::Ai, Status::Flagged, 0.0, reason)
            }
        };
        Outcome { rule: Some(prompt.name.clone()), ..outcome }
    }
}
