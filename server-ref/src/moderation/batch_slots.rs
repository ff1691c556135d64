//! Limits on how many of a project's batch items are matched, stored, reviewed or evaluated by prompts at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of a project's batch items that use the matching threads or the writer at the same time. All projects share the threads
/// and the writer, so the limit bounds how long the items of other projects wait.
const BATCH_SLOTS_PER_PROJECT: usize = 32;
/// Maximum number of a project's batch items whose prompts are evaluated at the same time. This limit is well below the number of items of a
/// project that may wait for the model, so that a batch does not keep out other submissions.
const EVALUATION_SLOTS_PER_PROJECT: usize = 16;
/// Number of stored semaphores at which unused ones are removed before another one is added.
const PROJECTS_BEFORE_CLEANUP: usize = 256;

/// One semaphore per project that has batches in progress.
#[derive(Debug)]
pub(super) struct BatchSlots {
    per_project: usize,
    by_project: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl BatchSlots {
    /// Creates the slots for matching, storing and reviewing items.
    pub(super) fn for_matching() -> Self {
        Self { per_project: BATCH_SLOTS_PER_PROJECT, by_project: Mutex::default() }
    }

    /// Creates the slots for evaluating prompts.
    pub(super) fn for_evaluation() -> Self {
        Self { per_project: EVALUATION_SLOTS_PER_PROJECT, by_project: Mutex::default() }
    }

    /// Waits for a free slot of the project. Callers receive slots in the order of their calls.
    ///
    /// Cancel safety: if the future is dropped, no slot is taken.
    pub(super) async fn acquire(&self, project_id: &Arc<str>) -> Option<OwnedSemaphorePermit> {
        // `acquire_owned` fails only for a closed semaphore, and this one is never closed.
        self.semaphore(project_id).acquire_owned().await.ok()
    }

    fn semaphore(&self, project_id: &Arc<str>) -> Arc<Semaphore> {
        let mut by_project = self.by_project.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = by_project.get(project_id).and_then(Weak::upgrade) {
            return semaphore;
        }
        if by_project.len() >= PROJECTS_BEFORE_CLEANUP {
            by_project.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.per_project));
        by_project.insert(project_id.clone(), Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn each_project_has_its_own_slots() {
        let slots = BatchSlots::for_matching();
        let (first, second): (Arc<str>, Arc<str>) = ("first".into(), "second".into());
        let mut held = Vec::new();
        for _ in 0..BATCH_SLOTS_PER_PROJECT {
            held.push(slots.acquire(&first).now_or_never().expect("a free slot"));
        }
        let mut waiting = Box::pin(slots.acquire(&first));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(slots.acquire(&second).now_or_never().is_some());
        held.pop();
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test]
    async fn unused_semaphores_are_removed() {
        let slots = BatchSlots::for_matching();
        let used: Arc<str> = "used".into();
        let held = slots.acquire(&used).await;
        for number in 0..10 * PROJECTS_BEFORE_CLEANUP {
            drop(slots.acquire(&format!("project {number}").into()).await);
        }
        let by_project = slots.by_project.lock().unwrap();
        assert!(by_project.len() <= PROJECTS_BEFORE_CLEANUP && by_project[&used].strong_count() > 0);
        drop(held);
    }
}
