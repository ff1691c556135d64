//! A cache of compiled rules, limited in size. A project's rules stay cached until they change, a change may have been missed, or they are
//! evicted to make room for others.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::compilation::Compilation;
use super::fair_pool::FairPool;
use super::rule_set::RuleSet;
use crate::Error;
use crate::store::Store;

/// Maximum size of all cached rules in bytes. Must be larger than the largest possible rule set of one project.
pub(super) const RULE_CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Expected number of cached projects.
const CACHED_PROJECTS_ESTIMATE: usize = 1024;

/// A cache of the compiled rules of each project.
pub(crate) struct RuleCache {
    sets: Cache<Arc<str>, Arc<RuleSet>, RuleSetWeighter>,
}

#[derive(Debug, Clone)]
struct RuleSetWeighter;

impl Weighter<Arc<str>, Arc<RuleSet>> for RuleSetWeighter {
    fn weight(&self, project_id: &Arc<str>, set: &Arc<RuleSet>) -> u64 {
        (project_id.len() + set.memory_usage()) as u64
    }
}

impl RuleCache {
    pub(crate) fn new() -> Result<Self, Error> {
        // There is only one shard, because shards divide the capacity and one project may need a large part of it.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(CACHED_PROJECTS_ESTIMATE)
            .weight_capacity(RULE_CACHE_BYTES_MAX)
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Ok(Self { sets: Cache::with_options(options, RuleSetWeighter, hasher, lifecycle) })
    }

    /// Returns the compiled rules of a project. Rules that are not cached are compiled once, even if several submissions are waiting for
    /// them.
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
                // The insertion fails if the rules were removed from the cache in the meantime: they may then be out of date, and only this
                // call uses them.
                let _ = place.insert(set.clone());
                Ok(set)
            }
        }
    }

    /// Removes the rules of a project from the cache. Must be called after every committed change to the rules.
    pub(crate) fn forget(&self, project_id: &str) {
        self.sets.remove(project_id);
    }

    /// Removes the rules of all projects from the cache. Must be called if a change may have been missed.
    pub(crate) fn forget_all(&self) {
        self.sets.clear();
    }
}

impl fmt::Debug for RuleCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleCache").field("projects", &self.sets.len()).finish_non_exhaustive()
    }
}
