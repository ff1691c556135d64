//! Locks for the idempotency keys of batches, and of submissions that the language model is judging.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::store::IdempotencyKey;

/// The id of a project, and an idempotency key used in that project.
type LockId = (Arc<str>, Arc<str>);
type LockMap = HashMap<LockId, Weak<tokio::sync::Mutex<()>>>;

/// One lock per idempotency key, so that a repeated request waits for the request that it repeats.
///
/// Locks that are no longer in use are removed, so there are never more locks than requests in progress.
#[derive(Debug, Clone, Default)]
pub(super) struct IdempotencyLocks {
    locks: Arc<Mutex<LockMap>>,
}

impl IdempotencyLocks {
    /// Waits until no other guard for this key exists in the project.
    pub(super) async fn lock(&self, project_id: &Arc<str>, key: &IdempotencyKey) -> IdempotencyGuard {
        let id = (project_id.clone(), key.key.clone());
        let lock = {
            let mut locks = lock_map(&self.locks);
            let existing = locks.get(&id).and_then(Weak::upgrade);
            existing.unwrap_or_else(|| {
                let lock = Arc::default();
                locks.insert(id.clone(), Arc::downgrade(&lock));
                lock
            })
        };
        // The guard is created before the wait, so that it removes the lock even if the caller stops waiting.
        let mut guard = IdempotencyGuard { locks: self.locks.clone(), id, lock_guard: None };
        guard.lock_guard = Some(lock.lock_owned().await);
        guard
    }
}

/// The right to process a request with an idempotency key, until the guard is dropped.
#[derive(Debug)]
pub(super) struct IdempotencyGuard {
    locks: Arc<Mutex<LockMap>>,
    id: LockId,
    lock_guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for IdempotencyGuard {
    fn drop(&mut self) {
        let mut locks = lock_map(&self.locks);
        self.lock_guard = None;
        if locks.get(&self.id).is_some_and(|lock| lock.strong_count() == 0) {
            locks.remove(&self.id);
        }
    }
}

fn lock_map(locks: &Mutex<LockMap>) -> MutexGuard<'_, LockMap> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_repeated_request_waits_and_no_lock_remains() {
        let keys = IdempotencyLocks::default();
        let project: Arc<str> = "p".into();
        let key = |key| IdempotencyKey::new(key, "/", b"");
        let first = keys.lock(&project, &key("a")).await;
        let other = keys.lock(&project, &key("b")).await;
        let elsewhere = keys.lock(&"q".into(), &key("a")).await;
        let (first_key, wait) = (key("a"), Duration::from_millis(20));
        assert!(timeout(wait, keys.lock(&project, &first_key)).await.is_err());
        let repeated = async {
            let guard = keys.lock(&project, &first_key).await;
            drop(guard);
        };
        let finish_first = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        tokio::join!(repeated, finish_first);
        drop((other, elsewhere));
        assert!(lock_map(&keys.locks).is_empty());
    }
}
