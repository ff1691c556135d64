//! The state that all submissions share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ai::{AiJudge, AiOptions};
use super::batch_slots::BatchSlots;
use super::compilation;
use super::fair_pool::FairPool;
use super::idempotency_locks::IdempotencyLocks;
use super::rule_cache::RuleCache;
use crate::Error;
use crate::store::{Store, StoredRule, Writer};

/// The moderation of all projects: their compiled rules, the threads that match rules, the language model that evaluates prompts,
/// and the writer that stores decisions.
#[derive(Debug)]
pub(crate) struct Moderation {
    pub(super) store: Store,
    pub(super) writer: Writer,
    pub(super) rule_cache: RuleCache,
    pub(super) matching_pool: FairPool,
    pub(super) ai_judge: AiJudge,
    /// Locks the idempotency keys of batches, and of submissions that the language model is judging.
    pub(super) idempotency_locks: IdempotencyLocks,
    /// Limits the batch items of each project that are matched, stored or reviewed at the same time.
    pub(super) batch_slots: BatchSlots,
    /// Limits the batch items of each project whose prompts are evaluated at the same time.
    pub(super) evaluation_slots: BatchSlots,
    /// Tracks the items that the language model is judging.
    pub(super) in_flight: TaskTracker,
    /// Cancelled when the server begins to drain. Unanswered prompts are then abandoned.
    pub(super) drain_started: CancellationToken,
}

impl Moderation {
    /// Creates the moderation of all projects, and starts the threads that match rules.
    ///
    /// `in_flight` tracks the items that the language model is judging. Cancelling `drain_started` abandons unanswered prompts.
    ///
    /// # Errors
    /// Returns an error if the endpoint's options are invalid or a thread can't be started.
    pub(crate) fn new(
        store: Store,
        writer: Writer,
        options: &AiOptions,
        in_flight: TaskTracker,
        drain_started: CancellationToken,
    ) -> Result<Self, Error> {
        let (rule_cache, ai_judge) = (RuleCache::new()?, AiJudge::new(options)?);
        let matching_pool = FairPool::new(matching_thread_count())?;
        let (batch_slots, evaluation_slots) = (BatchSlots::for_matching(), BatchSlots::for_evaluation());
        Ok(Self {
            store,
            writer,
            rule_cache,
            matching_pool,
            ai_judge,
            idempotency_locks: IdempotencyLocks::default(),
            batch_slots,
            evaluation_slots,
            in_flight,
            drain_started,
        })
    }

    /// Removes the compiled rules of a project from the cache. Must be called after every committed change to the rules.
    pub(crate) fn forget_rules(&self, project_id: &str) {
        self.rule_cache.forget(project_id);
    }

    /// Removes the compiled rules of all projects from the cache. Must be called if a change may have been missed.
    pub(crate) fn forget_all_rules(&self) {
        self.rule_cache.forget_all();
    }

    /// Checks, on a thread of the pool, whether a rule can be stored and compiled.
    ///
    /// # Errors
    /// Returns an error if the rule can't be stored or compiled, or if too many jobs of the project are pending.
    pub(crate) async fn check_rule(&self, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
        let (project_id, rule): (Arc<str>, _) = (project_id.into(), rule.clone());
        self.matching_pool.run(&project_id, rule.data.len(), move || Some(compilation::check_rule(&rule))).await?
    }
}

/// Returns the number of threads that match rules. If there are several processors, one is left for all other work.
fn matching_thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get() - 1).max(1)
}
