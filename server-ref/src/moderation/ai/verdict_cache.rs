//! A cache of verdicts. The same text is often submitted repeatedly, and asking the model again would rarely change the verdict.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::verdict::Verdict;

/// A hash of the model, the prompt and the text.
pub(super) type VerdictKey = [u8; 32];

/// A cache of verdicts that drops the oldest verdict when it is full.
#[derive(Debug)]
pub(super) struct VerdictCache {
    capacity: usize,
    state: Mutex<CachedVerdicts>,
}

#[derive(Debug, Default)]
struct CachedVerdicts {
    verdicts: HashMap<VerdictKey, Arc<Verdict>>,
    /// The keys in the order in which they were added.
    insertion_order: VecDeque<VerdictKey>,
}

impl VerdictCache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    pub(super) fn get(&self, key: &VerdictKey) -> Option<Arc<Verdict>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.verdicts.get(key).cloned()
    }

    pub(super) fn insert(&self, key: VerdictKey, verdict: Arc<Verdict>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.verdicts.insert(key, verdict).is_none() {
            state.insertion_order.push_back(key);
        }
        if state.insertion_order.len() > self.capacity
            && let Some(oldest) = state.insertion_order.pop_front()
        {
            state.verdicts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_verdict_is_dropped() {
        let cache = VerdictCache::new(2);
        let verdict = Arc::new(Verdict::parse(r#"{"decision":"approved","confidence":1}"#).unwrap());
        for n in [1, 2, 2, 3] {
            cache.insert([n; 32], verdict.clone());
        }
        assert!(cache.get(&[1; 32]).is_none());
        assert!(cache.get(&[2; 32]).is_some() && cache.get(&[3; 32]).is_some());
    }
}
