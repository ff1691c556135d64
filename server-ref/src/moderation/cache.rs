//! Compiled rules per project, kept until they change.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::RuleSet;
use crate::Error;
use crate::store::Store;

#[derive(Debug, Default)]
pub(crate) struct RuleCache {
    sets: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    sets: HashMap<Arc<str>, Arc<RuleSet>>,
    /// Counts invalidations, so that rules read before one are not kept after it.
    generation: u64,
}

impl RuleCache {
    pub(crate) async fn get(&self, store: &Store, project_id: &Arc<str>) -> Result<Arc<RuleSet>, Error> {
        let generation = {
            let state = self.sets.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(set) = state.sets.get(project_id) {
                return Ok(set.clone());
            }
            state.generation
        };
        let set = Arc::new(RuleSet::compile(&store.active_rules(project_id).await?));
        let mut state = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        if state.generation == generation {
            state.sets.insert(project_id.clone(), set.clone());
        }
        Ok(set)
    }

    /// To be called after every committed change of a project's rules.
    pub(crate) fn forget(&self, project_id: &str) {
        let mut state = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.sets.remove(project_id);
    }

    /// When any of them may have changed.
    pub(crate) fn forget_all(&self) {
        let mut state = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.sets.clear();
    }
}
