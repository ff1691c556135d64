//! Keys that were looked up, until one of them is revoked.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::Error;
use crate::ids::{KeyHash, key_hash};
use crate::store::{KeyOwner, Store};

/// A look-up per request would cost more than the moderation.
#[derive(Debug, Default)]
pub(super) struct Keys(RwLock<State>);

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
            let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(owner) = state.owners.get(&hash) {
                return Ok(Some(owner.clone()));
            }
            state.generation
        };
        let owner = store.key_owner(&hash).await?;
        if let Some(owner) = &owner {
            let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if state.generation == generation {
                state.owners.insert(hash, owner.clone());
            }
        }
        Ok(owner)
    }

    /// To be called after every committed revocation. They are rare, so all are forgotten.
    pub(super) fn forget(&self) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.owners.clear();
    }
}
