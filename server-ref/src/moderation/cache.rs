//! Compiled rules per project, kept until they change, within a bound in bytes.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::compilation::Compilation;
use super::pool::FairPool;
use super::rule_set::RuleSet;
use crate::Error;
use crate::store::Store;

/// The most bytes of all compiled rules: more than the largest set of one project.
pub(super) const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The expected number of cached projects.
const CACHED_PROJECTS_ESTIMATE: usize = 1024;

pub(crate) struct RuleCache {
    sets: Cache<Arc<str>, Arc<RuleSet>, RuleSetBytes>,
}

#[derive(Debug, Clone)]
struct RuleSetBytes;

impl Weighter<Arc<str>, Arc<RuleSet>> for RuleSetBytes {
    fn weight(&self, project_id: &Arc<str>, set: &Arc<RuleSet>) -> u64 {
        (project_id.len() + set.memory_usage()) as u64
    }
}

impl RuleCache {
    pub(crate) fn new() -> Result<Self, Error> {
        // A single shard, because each shard takes a part of the capacity, and one project may need a large part.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(CACHED_PROJECTS_ESTIMATE)
            .weight_capacity(CACHE_BYTES_MAX)
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Ok(Self { sets: Cache::with_options(options, RuleSetBytes, hasher, lifecycle) })
    }

    /// The project's rules, compiled once however many submissions wait for them.
    pub(crate) async fn get(
        &self,
        store: &Store,
        pool: &FairPool,
        project_id: &Arc<str>,
    ) -> Result<Arc<RuleSet>, Error> {
        match self.sets.get_value_or_guard_async(project_id).await {
            Ok(set) => Ok(set),
            Err(place) => {
                let rules = store.active_rules(project_id).await?;
                let bytes = rules.iter().map(|rule| rule.data.len()).sum();
                let mut compilation = Compilation::new(rules);
                let set = Arc::new(pool.run(project_id, bytes, move || compilation.advance()).await?);
                // Not cached if the rules were invalidated in the meantime, because they may have changed.
                let _ = place.insert(set.clone());
                Ok(set)
            }
        }
    }

    /// Drops a project's rules. Must be called after every committed change of them.
    pub(crate) fn forget(&self, project_id: &str) {
        self.sets.remove(project_id);
    }

    /// Drops all rules, because any of them may have changed.
    pub(crate) fn forget_all(&self) {
        self.sets.clear();
    }
}

impl fmt::Debug for RuleCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleCache").field("projects", &self.sets.len()).finish_non_exhaustive()
    }
}
