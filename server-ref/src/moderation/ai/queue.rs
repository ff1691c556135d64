//! The slots at the endpoint, shared out between projects: a slot that becomes free goes to the project that has waited for its
//! turn the longest, and a project never has all of them. The number of waiting items is bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// The most items that are judged or wait for it: of one project, of all projects, and their bytes.
const PROJECT_QUEUED_ITEMS_MAX: usize = 64;
const QUEUED_ITEMS_MAX: usize = 512;
const QUEUED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The window in which the prompts of a project are counted.
const QUOTA_WINDOW: Duration = Duration::from_secs(60);
/// The number of remembered counts at which those of earlier windows are dropped.
const REMEMBERED_QUOTAS_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct PromptQueue {
    /// The most slots that one project has at once.
    slots_per_project: usize,
    /// The most prompts that one project may ask within a minute; 0: any number.
    quota: usize,
    state: Mutex<PromptQueueState>,
}

#[derive(Debug, Default)]
struct PromptQueueState {
    free: usize,
    projects: HashMap<Arc<str>, ProjectPrompts>,
    /// The projects that wait for a slot and may have one, the next one first.
    turns: VecDeque<Arc<str>>,
    items: usize,
    bytes: usize,
    /// The start of each project's window, and the prompts in it.
    asked: HashMap<Arc<str>, (Instant, usize)>,
}

#[derive(Debug, Default)]
struct ProjectPrompts {
    items: usize,
    slots: usize,
    waiting: VecDeque<oneshot::Sender<EndpointSlot>>,
    has_turn: bool,
}

/// An item that is being judged, until this is dropped.
#[derive(Debug)]
pub(crate) struct JudgingPermit {
    queue: Arc<PromptQueue>,
    project_id: Arc<str>,
    bytes: usize,
}

/// The right to ask the endpoint, until it is dropped.
#[derive(Debug)]
pub(super) struct EndpointSlot {
    queue: Arc<PromptQueue>,
    project_id: Arc<str>,
}

impl PromptQueue {
    pub(super) fn new(slots: usize, quota: usize) -> Arc<Self> {
        let free = slots.max(1);
        Arc::new(Self {
            slots_per_project: free - free / 4,
            quota,
            state: Mutex::new(PromptQueueState { free, ..PromptQueueState::default() }),
        })
    }

    /// Admits an item; `None`: too many wait already.
    pub(super) fn admit(self: &Arc<Self>, project_id: &Arc<str>, bytes: usize) -> Option<JudgingPermit> {
        let mut state = self.lock();
        if state.items >= QUEUED_ITEMS_MAX || (state.items > 0 && state.bytes + bytes > QUEUED_BYTES_MAX) {
            return None;
        }
        let project = state.projects.entry(project_id.clone()).or_default();
        if project.items >= PROJECT_QUEUED_ITEMS_MAX {
            return None;
        }
        project.items += 1;
        state.items += 1;
        state.bytes += bytes;
        Some(JudgingPermit { queue: self.clone(), project_id: project_id.clone(), bytes })
    }

    /// Counts a prompt; false when the project has asked as many as it may within this minute.
    pub(super) fn count_prompt(&self, project_id: &Arc<str>, now: Instant) -> bool {
        if self.quota == 0 {
            return true;
        }
        let mut state = self.lock();
        if state.asked.len() >= REMEMBERED_QUOTAS_MAX {
            state.asked.retain(|_, (began, _)| now.duration_since(*began) < QUOTA_WINDOW);
        }
        let (began, asked) = state.asked.entry(project_id.clone()).or_insert((now, 0));
        if now.duration_since(*began) >= QUOTA_WINDOW {
            (*began, *asked) = (now, 0);
        }
        *asked += 1;
        *asked <= self.quota
    }

    /// Waits for a slot.
    pub(super) async fn acquire(self: &Arc<Self>, project_id: &Arc<str>) -> Option<EndpointSlot> {
        let (sender, slot) = oneshot::channel();
        self.lock().projects.entry(project_id.clone()).or_default().waiting.push_back(sender);
        self.share_out(|state| state.queue_up(project_id, self.slots_per_project));
        slot.await.ok()
    }

    /// Applies a change, then gives the free slots to the projects whose turn it is.
    fn share_out(self: &Arc<Self>, change: impl FnOnce(&mut PromptQueueState)) {
        let mut given = Vec::new();
        {
            let mut state = self.lock();
            change(&mut state);
            while state.free > 0
                && let Some(project_id) = state.turns.pop_front()
            {
                if let Some(sender) = state.give(&project_id) {
                    given.push((sender, EndpointSlot { queue: self.clone(), project_id: project_id.clone() }));
                }
                state.queue_up(&project_id, self.slots_per_project);
            }
        }
        // Not while the state is locked: a slot that nobody takes comes back at once.
        for (sender, slot) in given {
            let _ = sender.send(slot);
        }
    }

    fn lock(&self) -> MutexGuard<'_, PromptQueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PromptQueueState {
    /// Puts a project at the end of the turns, if it waits for a slot that it may have.
    fn queue_up(&mut self, project_id: &Arc<str>, slots_per_project: usize) {
        let Some(project) = self.projects.get_mut(project_id) else { return };
        if !project.has_turn && !project.waiting.is_empty() && project.slots < slots_per_project {
            project.has_turn = true;
            self.turns.push_back(project_id.clone());
        }
    }

    /// The receiver of the project's next slot, if one still waits.
    fn give(&mut self, project_id: &Arc<str>) -> Option<oneshot::Sender<EndpointSlot>> {
        let project = self.projects.get_mut(project_id)?;
        project.has_turn = false;
        while let Some(sender) = project.waiting.pop_front() {
            if !sender.is_closed() {
                project.slots += 1;
                self.free -= 1;
                return Some(sender);
            }
        }
        None
    }

    fn forget_idle(&mut self, project_id: &Arc<str>) {
        if self.projects.get(project_id).is_some_and(|project| {
            project.items == 0 && project.slots == 0 && project.waiting.is_empty() && !project.has_turn
        }) {
            self.projects.remove(project_id);
        }
    }
}

impl Drop for EndpointSlot {
    fn drop(&mut self) {
        let queue = self.queue.clone();
        queue.share_out(|state| {
            state.free += 1;
            if let Some(project) = state.projects.get_mut(&self.project_id) {
                project.slots -= 1;
            }
            state.queue_up(&self.project_id, queue.slots_per_project);
            state.forget_idle(&self.project_id);
        });
    }
}

impl Drop for JudgingPermit {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.items -= 1;
        state.bytes -= self.bytes;
        if let Some(project) = state.projects.get_mut(&self.project_id) {
            project.items -= 1;
            // A dropped item may have left waiting prompts.
            project.waiting.retain(|sender| !sender.is_closed());
        }
        state.forget_idle(&self.project_id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn projects_take_turns_and_none_has_all_places() {
        let queue = PromptQueue::new(4, 0);
        let (hog, other): (Arc<str>, Arc<str>) = ("hog".into(), "other".into());
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(queue.acquire(&hog).now_or_never().unwrap().unwrap());
        }
        let mut waits: Vec<_> = (0..10).map(|_| Box::pin(queue.acquire(&hog))).collect();
        assert!(waits.iter_mut().all(|wait| wait.as_mut().now_or_never().is_none()));
        let first = queue.acquire(&other).now_or_never().unwrap().unwrap();
        // All are taken. The two that wait get the next slots in turns, though the hog asked ten times before.
        let mut second = Box::pin(queue.acquire(&other));
        assert!(second.as_mut().now_or_never().is_none());
        drop(held.pop());
        drop(held.pop());
        let second = second.now_or_never().unwrap().unwrap();
        assert!(waits[0].as_mut().now_or_never().is_some());
        drop((first, second, held, waits));
        assert_eq!(queue.lock().free, 4);
        assert!(queue.lock().turns.is_empty());
    }

    #[tokio::test]
    async fn a_prompt_that_stopped_waiting_is_skipped() {
        let queue = PromptQueue::new(1, 0);
        let project: Arc<str> = "p".into();
        let held = queue.acquire(&project).await.unwrap();
        assert!(queue.acquire(&project).now_or_never().is_none());
        let mut wait = Box::pin(queue.acquire(&project));
        assert!(wait.as_mut().now_or_never().is_none());
        drop(held);
        drop(wait.now_or_never().unwrap().unwrap());
        assert!(queue.lock().projects.is_empty());
    }

    #[test]
    fn contents_and_prompts_are_bounded_per_project() {
        let queue = PromptQueue::new(1, 2);
        let (hog, other): (Arc<str>, Arc<str>) = ("hog".into(), "other".into());
        let held: Vec<_> = (0..PROJECT_QUEUED_ITEMS_MAX).map(|_| queue.admit(&hog, 1).unwrap()).collect();
        assert!(queue.admit(&hog, 1).is_none());
        assert!(queue.admit(&other, QUEUED_BYTES_MAX).is_none());
        assert!(queue.admit(&other, 1).is_some());
        drop(held);
        assert!(queue.lock().projects.is_empty() && queue.lock().bytes == 0);

        let now = Instant::now();
        assert_eq!([0, 1, 2].map(|_| queue.count_prompt(&hog, now)), [true, true, false]);
        assert!(queue.count_prompt(&other, now) && queue.count_prompt(&hog, now + QUOTA_WINDOW));
    }
}
