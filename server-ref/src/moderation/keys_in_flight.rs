//! Idempotency keys whose requests are under way in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::store::IdempotencyKey;

/// A project and a key.
type Id = (Arc<str>, Arc<str>);
type Locks = HashMap<Id, Weak<tokio::sync::Mutex<()>>>;

/// A lock per key, so that a repetition waits for the request that it repeats. It holds no more keys than requests.
#[derive(Debug, Clone, Default)]
pub(super) struct KeysInFlight {
    locks: Arc<Mutex<Locks>>,
}

impl KeysInFlight {
    /// Waits until no other request with this key is under way.
    pub(super) async fn lock(&self, project_id: &Arc<str>, key: &IdempotencyKey) -> KeyGuard {
        let id = (project_id.clone(), key.key.clone());
        let lock = {
            let mut locks = locked(&self.locks);
            let held = locks.get(&id).and_then(Weak::upgrade);
            held.unwrap_or_else(|| {
                let lock = Arc::default();
                locks.insert(id.clone(), Arc::downgrade(&lock));
                lock
            })
        };
        // The guard exists before the wait: it removes the lock even if the caller stops waiting.
        let mut guard = KeyGuard { locks: self.locks.clone(), id, held: None };
        guard.held = Some(lock.lock_owned().await);
        guard
    }
}

/// The right to answer the request with a key.
#[derive(Debug)]
pub(super) struct KeyGuard {
    locks: Arc<Mutex<Locks>>,
    id: Id,
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        let mut locks = locked(&self.locks);
        self.held = None;
        if locks.get(&self.id).is_some_and(|lock| lock.strong_count() == 0) {
            locks.remove(&self.id);
        }
    }
}

fn locked(locks: &Mutex<Locks>) -> MutexGuard<'_, Locks> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_repetition_waits_and_no_key_is_left() {
        let keys = KeysInFlight::default();
        let project: Arc<str> = "p".into();
        let key = |key| IdempotencyKey::new(key, "/", b"");
        let first = keys.lock(&project, &key("a")).await;
        let other = keys.lock(&project, &key("b")).await;
        let elsewhere = keys.lock(&"q".into(), &key("a")).await;
        let (first_key, wait) = (key("a"), Duration::from_millis(20));
        assert!(timeout(wait, keys.lock(&project, &first_key)).await.is_err());
        let again = async {
            let guard = keys.lock(&project, &first_key).await;
            drop(guard);
        };
        let ending = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        tokio::join!(again, ending);
        drop((other, elsewhere));
        assert!(locked(&keys.locks).is_empty());
    }
}
