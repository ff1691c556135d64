//! Keys that were looked up: good ones until one of them is revoked, wrong ones for a while.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use crate::Error;
use crate::ids::{KeyHash, key_hash};
use crate::store::{KeyOwner, Store};

/// A key that was wrong is not looked up again within this time, unless another one takes its place.
const WRONG_KEY_LIFETIME: Duration = Duration::from_secs(60);
const WRONG_KEYS_MAX: usize = 10_000;

/// A look-up per request would cost more than the moderation.
#[derive(Debug)]
pub(super) struct Keys {
    known: RwLock<State>,
    wrong: Cache<KeyHash, Instant>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { known: RwLock::default(), wrong: Cache::new(WRONG_KEYS_MAX) }
    }
}

#[derive(Debug, Default)]
struct State {
    owners: HashMap<KeyHash, KeyOwner>,
    /// Counts revocations, so that a key read before one is not kept after it.
    generation: u64,
}

impl Keys {
    pub(super) async fn owner(&self, store: &Store, key: &str) -> Result<Option<KeyOwner>, Error> {
        let Some(hash) = key_hash(key) else {
            return Ok(None);
        };
        let generation = {
            let state = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(owner) = state.owners.get(&hash) {
                return Ok(Some(owner.clone()));
            }
            state.generation
        };
        if self.wrong.get(&hash).is_some_and(|since| since.elapsed() < WRONG_KEY_LIFETIME) {
            return Ok(None);
        }
        let owner = store.key_owner(&hash).await?;
        if owner.is_none() {
            self.wrong.insert(hash, Instant::now());
        }
        if let Some(owner) = &owner {
            let mut state = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if state.generation == generation {
                state.owners.insert(hash, owner.clone());
            }
        }
        Ok(owner)
    }

    /// To be called after every committed revocation. They are rare, so all are forgotten.
    pub(super) fn forget(&self) {
        let mut state = self.known.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.owners.clear();
    }
}
