//! Bounded queue between the driver's task and one reader.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::sync::Notify;

use super::{
    Bound, Overflow, StreamEnd,
    backlog::Backlog,
    queue::{Batch, Queue},
};
use crate::{
    events::{Event, ProjectId},
    session::{PAGE_MAX, Page, PageRequest, StreamId},
};

/// Signal to the task that readers have room for pages of the log.
#[derive(Debug, Default)]
pub(crate) struct CapacitySignal {
    pub(super) notify: Notify,
    /// A stream wants a page.
    pub(super) pending: AtomicBool,
}

impl CapacitySignal {
    fn send(&self) {
        self.pending.store(true, Ordering::Release);
        self.notify.notify_one();
    }
}

/// Queue of one stream, shared by the task, which adds events, and the reader, which takes them.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) id: StreamId,
    queue: Mutex<Queue>,
    signal: Arc<CapacitySignal>,
}

/// Largest number of events that a reader takes under one lock when it wants one: as many as the task delivers in a
/// turn.
const TAKE_CHUNK_MAX: usize = 64;

impl Ring {
    pub(crate) fn new(id: StreamId, bound: Bound, overflow: Overflow, signal: Arc<CapacitySignal>) -> Self {
        Self { id, queue: Mutex::new(Queue::new(bound, overflow)), signal }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code that holds the lock can panic in the middle of a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events. Returns `false` if there is no reader any more. The waker of a waiting reader is added to `wakers`.
    pub(crate) fn extend(&self, events: impl Iterator<Item = Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = self.lock();
        if queue.is_gone() {
            events.for_each(drop);
            return false;
        }
        for event in events {
            if queue.end.is_none() {
                queue.push(event);
            }
        }
        queue.call(wakers);
        if queue.wants_page() {
            self.signal.send();
        }
        true
    }

    /// Like [`extend`](Self::extend), for a reader that may never come: adds compact copies, which are expanded when
    /// taken.
    pub(super) fn extend_compact<'e>(&self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        self.lock().has_compact = true;
        self.extend(events.map(Event::compacted), wakers)
    }

    /// Adds all events of `run` and leaves it empty. Moves none of them if the ring is empty.
    pub(crate) fn append(&self, run: &mut VecDeque<Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = self.lock();
        let bytes = run.iter().map(Event::weight).sum::<usize>();
        let fits = queue.events.len() + run.len() <= queue.bound.events && queue.bytes + bytes <= queue.bound.bytes;
        if !fits || !queue.is_plain() {
            drop(queue);
            return self.extend(run.drain(..), wakers);
        }
        if queue.is_gone() {
            run.clear();
            return false;
        }
        if queue.events.is_empty() {
            std::mem::swap(&mut queue.events, run);
        } else {
            queue.events.append(run);
        }
        queue.bytes += bytes;
        queue.call(wakers);
        true
    }

    /// Removes the events that the reader, which is known only now, does not want.
    pub(crate) fn retain(&self, wanted: impl FnMut(&Event) -> bool) {
        let mut queue = self.lock();
        queue.events.retain(wanted);
        queue.bytes = queue.events.iter().map(Event::weight).sum();
        self.offer(&mut queue);
    }

    /// Signals the task if there is room for pages that it waits for.
    fn offer(&self, queue: &mut Queue) {
        if queue.wants_page() || (queue.capacity_awaited && (queue.has_capacity() || queue.is_gone())) {
            queue.capacity_awaited = false;
            self.signal.send();
        }
    }

    /// Ends the stream after its buffered events.
    pub(crate) fn end(&self, end: StreamEnd) {
        let mut queue = self.lock();
        queue.drop_backlogs();
        queue.end.get_or_insert(end);
        self.offer(&mut queue);
        drop(queue);
        self.wake();
    }

    /// Wakes the reader if it waits.
    pub(crate) fn wake(&self) {
        let waker = self.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Notes that the reader is gone. If its task still waits, it is woken and finds out.
    pub(crate) fn abandon(&self) {
        let mut queue = self.lock();
        queue.abandoned = true;
        (queue.events, queue.bytes) = (VecDeque::new(), 0);
        self.offer(&mut queue);
        drop(queue);
        self.wake();
    }

    /// Returns `true` if there is no reader for new events.
    pub(crate) fn is_gone(&self) -> bool {
        self.lock().is_gone()
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// Takes up to `max` events, or waits for one. `batch` must be empty.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, max: usize, batch: &mut Batch) -> Poll<()> {
        let mut queue = self.take_locked(max, batch);
        if batch.events.is_empty() && batch.end.is_none() {
            match &mut queue.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                empty => *empty = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        expand(queue, batch);
        Poll::Ready(())
    }

    /// Takes up to `max` events that are there now.
    pub(crate) fn take(&self, max: usize, batch: &mut Batch) {
        let queue = self.take_locked(max, batch);
        expand(queue, batch);
    }

    fn take_locked(&self, max: usize, batch: &mut Batch) -> MutexGuard<'_, Queue> {
        let mut queue = self.lock();
        queue.take(max, batch);
        self.offer(&mut queue);
        queue
    }

    /// Pages of its backlogs that the stream has room for, each once.
    pub(crate) fn page_requests(&self) -> Vec<PageRequest> {
        let mut queue = self.lock();
        if !queue.wants_page() {
            return Vec::new();
        }
        let room = queue.room() as u64;
        let waiting = queue.backlogs.iter().filter(|backlog| !backlog.asked).count() as u64;
        // The projects share the room; one event always fits.
        let limit = (room / waiting.max(1)).clamp(1, PAGE_MAX);
        let ask = |backlog: &mut Backlog| {
            backlog.asked = true;
            let (project, after) = (backlog.project().clone(), backlog.position().clone());
            PageRequest { stream: self.id, project, after, limit }
        };
        queue.backlogs.iter_mut().filter(|backlog| !backlog.asked).map(ask).collect()
    }

    /// Number of events of a project's replay that there is room for. If there is none, the task is woken once there
    /// is.
    pub(crate) fn page_capacity(&self, project: &ProjectId) -> Option<u64> {
        let mut queue = self.lock();
        // A replay would only lengthen the backlog.
        let has_backlog = queue.backlogs.iter().any(|backlog| backlog.project() == project);
        if has_backlog || !queue.has_capacity() {
            queue.capacity_awaited = !queue.is_gone();
            return None;
        }
        Some((queue.room() as u64).min(PAGE_MAX))
    }

    /// Handles a requested page; `None` if the server did not return it.
    pub(crate) fn on_page(
        &self,
        project: &ProjectId,
        after: u64,
        page: Option<Page>,
        at: jiff::Timestamp,
        wanted: impl Fn(&Event) -> bool,
        wakers: &mut Vec<Waker>,
    ) {
        let mut queue = self.lock();
        // Since the request, the log may have been replaced, and the stream may have a backlog in the new one.
        let is_here = |backlog: &Backlog| backlog.project() == project && backlog.position().event_id == after;
        let asked = |backlog: &Backlog| backlog.asked && is_here(backlog);
        let Some(index) = queue.backlogs.iter().position(asked) else { return };
        let mut backlog = queue.backlogs.remove(index);
        let push = &mut |event: Event| {
            if wanted(&event) {
                queue.note_size(event.weight());
                queue.put(event);
            }
            !queue.is_full(0)
        };
        if !backlog.on_page(page, at, push) {
            queue.backlogs.push(backlog);
        }
        queue.call(wakers);
        self.offer(&mut queue);
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        let queue = self.lock();
        queue.events.len() + queue.backlogs.len()
    }

    /// Number of events that a reader takes at once when it wants one.
    pub(crate) fn chunk(&self) -> usize {
        (self.lock().bound.events / 8).clamp(1, TAKE_CHUNK_MAX)
    }
}

/// Expands compact events, after releasing the lock.
fn expand(mut queue: MutexGuard<'_, Queue>, batch: &mut Batch) {
    if !queue.has_compact {
        return;
    }
    queue.has_compact = !queue.events.is_empty();
    drop(queue);
    batch.events.iter_mut().for_each(Event::expand);
}
