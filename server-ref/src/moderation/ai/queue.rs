//! Fair distribution of the endpoint's slots among projects.
//!
//! A free slot is assigned to the project that has waited longest for its turn. If there are four slots or more, no project can use all of
//! them. The items that are being judged are limited in number and total size.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Maximum number of admitted items per project.
const ADMITTED_ITEMS_PER_PROJECT_MAX: usize = 64;
/// Maximum number of admitted items across all projects.
const ADMITTED_ITEMS_MAX: usize = 512;
/// Maximum total size of admitted items, in bytes.
const ADMITTED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Length of the window in which a project's questions are counted.
const QUESTION_COUNT_WINDOW: Duration = Duration::from_secs(60);
/// Number of stored question counts at which those of past windows are dropped.
const QUESTION_COUNTS_CLEANUP_SIZE: usize = 4096;

/// A queue of questions to the endpoint.
#[derive(Debug)]
pub(super) struct EndpointQueue {
    /// Maximum number of slots that one project may use at once.
    slots_per_project_max: usize,
    /// Maximum number of questions per minute for one project. 0 means no limit.
    questions_per_minute_max: usize,
    state: Mutex<EndpointQueueState>,
}

#[derive(Debug, Default)]
struct EndpointQueueState {
    free_slots: usize,
    projects: HashMap<Arc<str>, ProjectQuestions>,
    /// The projects that wait for a slot and may use another one, in the order in which they are served.
    eligible_projects: VecDeque<Arc<str>>,
    admitted_items: usize,
    admitted_bytes: usize,
    /// The start of each project's current window, and the number of questions in that window.
    question_counts: HashMap<Arc<str>, (Instant, usize)>,
}

#[derive(Debug, Default)]
struct ProjectQuestions {
    admitted_items: usize,
    slots_in_use: usize,
    waiting: VecDeque<oneshot::Sender<EndpointSlot>>,
    /// True if the project is listed in [`EndpointQueueState::eligible_projects`].
    is_in_eligible_projects: bool,
}

/// The admission of an item for judging. It ends when the permit is dropped.
#[derive(Debug)]
pub(crate) struct JudgingPermit {
    queue: Arc<EndpointQueue>,
    project_id: Arc<str>,
    bytes: usize,
}

/// The right to send one question to the endpoint. It ends when the slot is dropped.
#[derive(Debug)]
pub(super) struct EndpointSlot {
    queue: Arc<EndpointQueue>,
    project_id: Arc<str>,
}

impl EndpointQueue {
    pub(super) fn new(slots: usize, questions_per_minute_max: usize) -> Arc<Self> {
        let free_slots = slots.max(1);
        Arc::new(Self {
            slots_per_project_max: free_slots - free_slots / 4,
            questions_per_minute_max,
            state: Mutex::new(EndpointQueueState { free_slots, ..EndpointQueueState::default() }),
        })
    }

    /// Admits an item for judging. Returns `None` if there are too many admitted items, in the project or overall, or if they are too large
    /// in total.
    pub(super) fn admit(self: &Arc<Self>, project_id: &Arc<str>, bytes: usize) -> Option<JudgingPermit> {
        let mut state = self.lock();
        if state.admitted_items >= ADMITTED_ITEMS_MAX
            || (state.admitted_items > 0 && state.admitted_bytes + bytes > ADMITTED_BYTES_MAX)
        {
            return None;
        }
        let project = state.projects.entry(project_id.clone()).or_default();
        if project.admitted_items >= ADMITTED_ITEMS_PER_PROJECT_MAX {
            return None;
        }
        project.admitted_items += 1;
        state.admitted_items += 1;
        state.admitted_bytes += bytes;
        Some(JudgingPermit { queue: self.clone(), project_id: project_id.clone(), bytes })
    }

    /// Counts a question. Returns false if the project has reached its limit for the current window.
    pub(super) fn count_question(&self, project_id: &Arc<str>, now: Instant) -> bool {
        if self.questions_per_minute_max == 0 {
            return true;
        }
        let mut state = self.lock();
        if state.question_counts.len() >= QUESTION_COUNTS_CLEANUP_SIZE {
            state.question_counts.retain(|_, (start, _)| now.duration_since(*start) < QUESTION_COUNT_WINDOW);
        }
        let (start, count) = state.question_counts.entry(project_id.clone()).or_insert((now, 0));
        if now.duration_since(*start) >= QUESTION_COUNT_WINDOW {
            (*start, *count) = (now, 0);
        }
        *count += 1;
        *count <= self.questions_per_minute_max
    }

    /// Waits until a question of the project may be sent to the endpoint.
    pub(super) async fn acquire_slot(self: &Arc<Self>, project_id: &Arc<str>) -> Option<EndpointSlot> {
        let (sender, slot) = oneshot::channel();
        self.lock().projects.entry(project_id.clone()).or_default().waiting.push_back(sender);
        self.update_and_assign_slots(|state| state.enqueue_project_if_eligible(project_id, self.slots_per_project_max));
        slot.await.ok()
    }

    /// Applies a change and then assigns the free slots to the projects that are next in line.
    fn update_and_assign_slots(self: &Arc<Self>, change: impl FnOnce(&mut EndpointQueueState)) {
        let mut assigned = Vec::new();
        {
            let mut state = self.lock();
            change(&mut state);
            while state.free_slots > 0
                && let Some(project_id) = state.eligible_projects.pop_front()
            {
                if let Some(sender) = state.assign_slot(&project_id) {
                    assigned.push((sender, EndpointSlot { queue: self.clone(), project_id: project_id.clone() }));
                }
                state.enqueue_project_if_eligible(&project_id, self.slots_per_project_max);
            }
        }
        // The slot of an abandoned question is dropped here, which locks the state to return the slot. The state must therefore not
        // be locked at this point.
        for (sender, slot) in assigned {
            let _ = sender.send(slot);
        }
    }

    fn lock(&self) -> MutexGuard<'_, EndpointQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EndpointQueueState {
    /// Adds a project to the end of the queue if it waits for a slot and may use another one.
    fn enqueue_project_if_eligible(&mut self, project_id: &Arc<str>, slots_per_project_max: usize) {
        let Some(project) = self.projects.get_mut(project_id) else { return };
        if !project.is_in_eligible_projects
            && !project.waiting.is_empty()
            && project.slots_in_use < slots_per_project_max
        {
            project.is_in_eligible_projects = true;
            self.eligible_projects.push_back(project_id.clone());
        }
    }

    /// Assigns a slot to the project's next question that has not been abandoned, and returns the question's channel.
    fn assign_slot(&mut self, project_id: &Arc<str>) -> Option<oneshot::Sender<EndpointSlot>> {
        let project = self.projects.get_mut(project_id)?;
        project.is_in_eligible_projects = false;
        while let Some(sender) = project.waiting.pop_front() {
            if !sender.is_closed() {
                project.slots_in_use += 1;
                self.free_slots -= 1;
                return Some(sender);
            }
        }
        None
    }

    fn remove_if_idle(&mut self, project_id: &Arc<str>) {
        if self.projects.get(project_id).is_some_and(|project| {
            project.admitted_items == 0
                && project.slots_in_use == 0
                && project.waiting.is_empty()
                && !project.is_in_eligible_projects
        }) {
            self.projects.remove(project_id);
        }
    }
}

impl Drop for EndpointSlot {
    fn drop(&mut self) {
        let queue = self.queue.clone();
        queue.update_and_assign_slots(|state| {
            state.free_slots += 1;
            if let Some(project) = state.projects.get_mut(&self.project_id) {
                project.slots_in_use -= 1;
            }
            state.enqueue_project_if_eligible(&self.project_id, queue.slots_per_project_max);
            state.remove_if_idle(&self.project_id);
        });
    }
}

impl Drop for JudgingPermit {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.admitted_items -= 1;
        state.admitted_bytes -= self.bytes;
        if let Some(project) = state.projects.get_mut(&self.project_id) {
            project.admitted_items -= 1;
            // Questions about this item that are still waiting have been abandoned.
            project.waiting.retain(|sender| !sender.is_closed());
        }
        state.remove_if_idle(&self.project_id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn projects_take_turns_and_none_uses_all_slots() {
        let queue = EndpointQueue::new(4, 0);
        let (hog, other): (Arc<str>, Arc<str>) = ("hog".into(), "other".into());
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(queue.acquire_slot(&hog).now_or_never().unwrap().unwrap());
        }
        let mut waits: Vec<_> = (0..10).map(|_| Box::pin(queue.acquire_slot(&hog))).collect();
        assert!(waits.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        let first = queue.acquire_slot(&other).now_or_never().unwrap().unwrap();
        // All slots are in use. Each project gets one of the next two slots, although ten questions of `hog` were already waiting.
        let mut second = Box::pin(queue.acquire_slot(&other));
        assert!(second.as_mut().now_or_never().is_none());
        drop(held.pop());
        drop(held.pop());
        let second = second.now_or_never().unwrap().unwrap();
        assert!(waits[0].as_mut().now_or_never().is_some());
        drop((first, second, held, waits));
        assert_eq!(queue.lock().free_slots, 4);
        assert!(queue.lock().eligible_projects.is_empty());
    }

    #[tokio::test]
    async fn an_abandoned_question_is_skipped() {
        let queue = EndpointQueue::new(1, 0);
        let project: Arc<str> = "p".into();
        let held = queue.acquire_slot(&project).await.unwrap();
        assert!(queue.acquire_slot(&project).now_or_never().is_none());
        let mut wait = Box::pin(queue.acquire_slot(&project));
        assert!(wait.as_mut().now_or_never().is_none());
        drop(held);
        drop(wait.now_or_never().unwrap().unwrap());
        assert!(queue.lock().projects.is_empty());
    }

    #[test]
    fn items_and_questions_are_limited_per_project() {
        let queue = EndpointQueue::new(1, 2);
        let (hog, other): (Arc<str>, Arc<str>) = ("hog".into(), "other".into());
        let held: Vec<_> = (0..ADMITTED_ITEMS_PER_PROJECT_MAX).map(|_| queue.admit(&hog, 1).unwrap()).collect();
        assert!(queue.admit(&hog, 1).is_none());
        assert!(queue.admit(&other, ADMITTED_BYTES_MAX).is_none());
        assert!(queue.admit(&other, 1).is_some());
        drop(held);
        assert!(queue.lock().projects.is_empty() && queue.lock().admitted_bytes == 0);

        let now = Instant::now();
        assert_eq!([0, 1, 2].map(|_| queue.count_question(&hog, now)), [true, true, false]);
        assert!(queue.count_question(&other, now) && queue.count_question(&hog, now + QUESTION_COUNT_WINDOW));
    }
}
