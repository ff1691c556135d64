//! The parts of the server that moderation uses.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ai::{Ai, AiOptions};
use super::cache::RuleCache;
use super::compilation;
use super::keys_in_flight::KeysInFlight;
use super::pool::FairPool;
use crate::Error;
use crate::store::{Store, StoredRule, Writer};

/// The moderation of all projects: their compiled rules, the threads that match them, the endpoint of their prompts, and the writer
/// of the decisions.
#[derive(Debug)]
pub(crate) struct Moderation {
    pub(super) store: Store,
    pub(super) writer: Writer,
    pub(super) rules: RuleCache,
    pub(super) matching: FairPool,
    pub(super) ai: Ai,
    /// Submissions with idempotency keys that prompts judge.
    pub(super) keys_in_flight: KeysInFlight,
    /// Holds a token per item that prompts judge.
    pub(super) in_flight: TaskTracker,
    /// Cancelled when the server begins to stop: unanswered prompts are given up.
    pub(super) draining: CancellationToken,
}

impl Moderation {
    /// Starts the threads that match rules. `in_flight` holds a token per item that prompts judge, and `draining` ends their
    /// questions.
    ///
    /// # Errors
    /// When the endpoint's options are invalid or a thread can't be started.
    pub(crate) fn new(
        store: Store,
        writer: Writer,
        options: &AiOptions,
        in_flight: TaskTracker,
        draining: CancellationToken,
    ) -> Result<Self, Error> {
        let (rules, matching, ai) = (RuleCache::new()?, FairPool::new(matching_threads())?, Ai::new(options)?);
        let keys_in_flight = KeysInFlight::default();
        Ok(Self { store, writer, rules, matching, ai, keys_in_flight, in_flight, draining })
    }

    /// Drops a project's compiled rules. Must be called after every committed change of them.
    pub(crate) fn forget_rules(&self, project_id: &str) {
        self.rules.forget(project_id);
    }

    /// Drops all compiled rules, because any of them may have changed.
    pub(crate) fn forget_all_rules(&self) {
        self.rules.forget_all();
    }

    /// Checks whether a rule can be compiled, away from the async workers.
    ///
    /// # Errors
    /// When the rule is not usable, or too much waits for the project already.
    pub(crate) async fn check_rule(&self, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
        let (project_id, rule): (Arc<str>, _) = (project_id.into(), rule.clone());
        self.matching.run(&project_id, rule.data.len(), move || Some(compilation::check(&rule))).await?
    }
}

/// One processor stays for everything else.
fn matching_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get() - 1).max(1)
}
