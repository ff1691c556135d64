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

use super::{BufferLimits, Overflow, StreamEnd, backlog::Backlog, event_batch::EventBatch, event_queue::EventQueue};
use crate::{
    events::{Event, ProjectId},
    session::{BacklogPageRequest, LogPage, PAGE_EVENTS_MAX, StreamId},
};

/// Signal to the client's task that readers have room for pages of the log.
#[derive(Debug, Default)]
pub(crate) struct CapacitySignal {
    pub(super) notify: Notify,
    /// `true` if a stream may have room for a page.
    pub(super) is_set: AtomicBool,
}

impl CapacitySignal {
    fn send(&self) {
        self.is_set.store(true, Ordering::Release);
        self.notify.notify_one();
    }
}

/// Event queue of one stream. The client's task adds events, and the reader takes them.
#[derive(Debug)]
pub(crate) struct StreamBuffer {
    pub(crate) id: StreamId,
    queue: Mutex<EventQueue>,
    capacity_signal: Arc<CapacitySignal>,
}

/// Upper limit of [`StreamBuffer::chunk_size`], equal to the maximum number of frames that the client's task handles per
/// turn.
const TAKE_CHUNK_MAX: usize = 64;

impl StreamBuffer {
    pub(crate) fn new(
        id: StreamId,
        limits: BufferLimits,
        overflow: Overflow,
        capacity_signal: Arc<CapacitySignal>,
    ) -> Self {
        Self { id, queue: Mutex::new(EventQueue::new(limits, overflow)), capacity_signal }
    }

    fn lock(&self) -> MutexGuard<'_, EventQueue> {
        // A poisoned lock is safe to use, because no code panics in the middle of a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events. The waker of a waiting reader is moved to `wakers`. Returns `false` if the reader is gone or the
    /// stream has ended.
    pub(crate) fn push_all(&self, events: impl Iterator<Item = Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = self.lock();
        if queue.is_closed() {
            events.for_each(drop);
            return false;
        }
        for event in events {
            if queue.end.is_none() {
                queue.push(event);
            }
        }
        queue.collect_waker(wakers);
        if queue.can_request_page() {
            self.capacity_signal.send();
        }
        true
    }

    /// Adds compact copies of events, which are expanded when the reader takes them. Used for streams that the
    /// application may never take. Returns `false` if the reader is gone or the stream has ended.
    pub(super) fn push_all_compact<'e>(
        &self,
        events: impl Iterator<Item = &'e Event>,
        wakers: &mut Vec<Waker>,
    ) -> bool {
        self.lock().has_compact_events = true;
        self.push_all(events.map(Event::compacted), wakers)
    }

    /// Adds all events of `run` and leaves it empty. If all of them fit, and no event just before them was dropped or left
    /// in the log, they are not moved individually. Returns `false` if the reader is gone or the stream has ended.
    pub(crate) fn append(&self, run: &mut VecDeque<Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = self.lock();
        let bytes = run.iter().map(Event::approximate_bytes).sum::<usize>();
        let fits =
            queue.events.len() + run.len() <= queue.limits.events && queue.total_bytes + bytes <= queue.limits.bytes;
        if !fits || !queue.has_no_omission_at_end() {
            drop(queue);
            return self.push_all(run.drain(..), wakers);
        }
        if queue.is_closed() {
            run.clear();
            return false;
        }
        if queue.events.is_empty() {
            std::mem::swap(&mut queue.events, run);
        } else {
            queue.events.append(run);
        }
        queue.total_bytes += bytes;
        queue.collect_waker(wakers);
        true
    }

    /// Removes the events that are not `wanted`. Called once it is known which kinds of events the reader wants.
    pub(crate) fn retain(&self, wanted: impl FnMut(&Event) -> bool) {
        let mut queue = self.lock();
        queue.events.retain(wanted);
        queue.total_bytes = queue.events.iter().map(Event::approximate_bytes).sum();
        self.signal_capacity(&mut queue);
    }

    /// Signals the client's task if there is room for a page that a backlog, replay or backfill needs, or if a replay or
    /// backfill is waiting for a queue that has been closed.
    fn signal_capacity(&self, queue: &mut EventQueue) {
        if queue.can_request_page() || (queue.has_waiting_replay && (queue.has_page_capacity() || queue.is_closed())) {
            queue.has_waiting_replay = false;
            self.capacity_signal.send();
        }
    }

    /// Ends the stream after its buffered events.
    pub(crate) fn end(&self, end: StreamEnd) {
        let mut queue = self.lock();
        queue.count_backlogs_as_dropped();
        queue.end.get_or_insert(end);
        self.signal_capacity(&mut queue);
        drop(queue);
        self.wake();
    }

    /// Wakes the reader if it is waiting.
    pub(crate) fn wake(&self) {
        let waker = self.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Records that the reader is gone, and discards the queued events. A task that is still waiting for events is
    /// woken, so that it does not wait forever.
    pub(crate) fn abandon(&self) {
        let mut queue = self.lock();
        queue.is_abandoned = true;
        (queue.events, queue.total_bytes) = (VecDeque::new(), 0);
        self.signal_capacity(&mut queue);
        drop(queue);
        self.wake();
    }

    /// Returns `true` if the buffer accepts no more events, because the reader is gone or the stream has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed()
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }

    /// Takes events like [`take`](Self::take), but waits until there is one or the stream has ended. `batch` must be empty.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, max: usize, batch: &mut EventBatch) -> Poll<()> {
        let mut queue = self.take_locked(max, batch);
        if batch.events.is_empty() && batch.end.is_none() {
            match &mut queue.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                empty => *empty = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        expand_compact(queue, batch);
        Poll::Ready(())
    }

    /// Takes up to `max` available events, without waiting. Reports of losses may be added beyond this number.
    pub(crate) fn take(&self, max: usize, batch: &mut EventBatch) {
        let queue = self.take_locked(max, batch);
        expand_compact(queue, batch);
    }

    fn take_locked(&self, max: usize, batch: &mut EventBatch) -> MutexGuard<'_, EventQueue> {
        let mut queue = self.lock();
        queue.take(max, batch);
        self.signal_capacity(&mut queue);
        queue
    }

    /// Returns requests for the backlog pages that the stream has room for. Each page is requested only once.
    pub(crate) fn page_requests(&self) -> Vec<BacklogPageRequest> {
        let mut queue = self.lock();
        if !queue.can_request_page() {
            return Vec::new();
        }
        let room = queue.estimate_free_slots() as u64;
        let unrequested = queue.backlogs.iter().filter(|backlog| !backlog.is_page_requested).count() as u64;
        // The projects share the room. At least one event always fits.
        let limit = (room / unrequested.max(1)).clamp(1, PAGE_EVENTS_MAX);
        let request_page = |backlog: &mut Backlog| {
            backlog.is_page_requested = true;
            let (project, after) = (backlog.project().clone(), backlog.position().clone());
            BacklogPageRequest { stream: self.id, project, after, limit }
        };
        queue.backlogs.iter_mut().filter(|backlog| !backlog.is_page_requested).map(request_page).collect()
    }

    /// Returns how many replayed or backfilled events of a project the stream has room for. Returns `None` if there is no
    /// room or the project has a backlog; the client's task is then signalled once there is room for a page.
    pub(crate) fn page_capacity(&self, project: &ProjectId) -> Option<u64> {
        let mut queue = self.lock();
        // While the project has a backlog, replayed events would only lengthen it.
        let has_backlog = queue.backlogs.iter().any(|backlog| backlog.project() == project);
        if has_backlog || !queue.has_page_capacity() {
            queue.has_waiting_replay = !queue.is_closed();
            return None;
        }
        Some((queue.estimate_free_slots() as u64).min(PAGE_EVENTS_MAX))
    }

    /// Handles a requested page. `page` is `None` if the server did not return the page.
    pub(crate) fn on_page(
        &self,
        project: &ProjectId,
        after: u64,
        page: Option<LogPage>,
        at: jiff::Timestamp,
        wanted: impl Fn(&Event) -> bool,
        wakers: &mut Vec<Waker>,
    ) {
        let mut queue = self.lock();
        // The page is ignored unless a backlog awaits it: the log may have been replaced since the request, and the
        // stream may already have a backlog in the new log.
        let is_at_position = |backlog: &Backlog| backlog.project() == project && backlog.position().event_id == after;
        let is_expected = |backlog: &Backlog| backlog.is_page_requested && is_at_position(backlog);
        let Some(index) = queue.backlogs.iter().position(is_expected) else { return };
        let mut backlog = queue.backlogs.remove(index);
        let push = &mut |event: Event| {
            if wanted(&event) {
                queue.raise_typical_bytes(event.approximate_bytes());
                queue.push_with_loss_report(event);
            }
            !queue.is_full_for(0)
        };
        if !backlog.on_page(page, at, push) {
            queue.backlogs.push(backlog);
        }
        queue.collect_waker(wakers);
        self.signal_capacity(&mut queue);
    }

    #[cfg(test)]
    pub(super) fn entry_count(&self) -> usize {
        let queue = self.lock();
        queue.events.len() + queue.backlogs.len()
    }

    /// Returns the maximum number of events that a reader takes from the buffer when its caller asks for one event.
    pub(crate) fn chunk_size(&self) -> usize {
        (self.lock().limits.events / 8).clamp(1, TAKE_CHUNK_MAX)
    }
}

/// Releases the lock and then expands compact events.
fn expand_compact(mut queue: MutexGuard<'_, EventQueue>, batch: &mut EventBatch) {
    if !queue.has_compact_events {
        return;
    }
    queue.has_compact_events = !queue.events.is_empty();
    drop(queue);
    batch.events.iter_mut().for_each(Event::expand);
}
