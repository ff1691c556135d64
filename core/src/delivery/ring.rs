//! A bounded queue between the driver's task and one reader.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::Notify;

use super::{
    behind::Behind,
    queue::{Batch, Overflow, Queue},
};
use crate::{
    Error,
    events::{Event, ProjectId},
    session::{CatchUp, Page, StreamId},
};

/// The most events that are asked for at once.
const PAGE_MAX: usize = 500;

/// The queue of one stream, shared by who adds and who takes.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) id: StreamId,
    queue: Mutex<Queue>,
    /// Told when the reader has room for what it missed.
    hungry: Arc<Notify>,
}

/// A reader that takes one event at a time gets so many with one lock: as many as the task hands out in a turn.
const CHUNK: usize = 64;

impl Ring {
    pub(crate) fn new(id: StreamId, capacity: usize, overflow: Overflow, hungry: Arc<Notify>) -> Self {
        Self { id, queue: Mutex::new(Queue::new(capacity, overflow)), hungry }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events. Returns false if there is no reader any more. The reader's waker, if it waits, goes into `wakers`.
    pub(crate) fn extend(&self, events: impl Iterator<Item = Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = self.lock();
        if queue.is_gone() {
            events.for_each(drop);
            return false;
        }
        for event in events {
            queue.push(event);
        }
        queue.call(wakers);
        true
    }

    /// As [`extend`](Self::extend), for a reader who may never come: copies that cost little until they are taken.
    pub(crate) fn keep<'e>(&self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        self.lock().folded = true;
        self.extend(events.map(Event::folded), wakers)
    }

    /// Adds all events of `run`, which is empty afterwards: without moving any of them if the ring is empty too.
    pub(crate) fn append(&self, run: &mut VecDeque<Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = self.lock();
        if queue.missed > 0 || !queue.behind.is_empty() || queue.events.len() + run.len() > queue.capacity {
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
        queue.call(wakers);
        true
    }

    /// Forgets what the reader, who only now makes itself known, does not want.
    pub(crate) fn retain(&self, wanted: impl FnMut(&Event) -> bool) {
        self.lock().events.retain(wanted);
    }

    /// Ends the stream behind what is in it.
    pub(crate) fn end(&self, error: Option<Error>) {
        let mut queue = self.lock();
        // What is still in the log is not read any more.
        queue.missed += queue.behind.drain(..).map(|behind| behind.missing()).sum::<u64>();
        queue.end.get_or_insert(error);
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

    /// The reader is gone. If it was left waiting, it is woken to find that out.
    pub(crate) fn abandon(&self) {
        let mut queue = self.lock();
        queue.abandoned = true;
        queue.events = VecDeque::new();
        drop(queue);
        self.wake();
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
        unfold(queue, batch);
        Poll::Ready(())
    }

    /// Takes up to `max` events that are there now.
    pub(crate) fn take(&self, max: usize, batch: &mut Batch) {
        let queue = self.take_locked(max, batch);
        unfold(queue, batch);
    }

    fn take_locked(&self, max: usize, batch: &mut Batch) -> MutexGuard<'_, Queue> {
        let mut queue = self.lock();
        queue.take(max, batch);
        if queue.is_hungry() {
            self.hungry.notify_one();
        }
        queue
    }

    /// The pages that there is room for, each told once.
    pub(crate) fn wanted(&self) -> Vec<CatchUp> {
        let mut queue = self.lock();
        if !queue.is_hungry() {
            return Vec::new();
        }
        let room = queue.capacity - queue.events.len();
        let waiting = queue.behind.iter_mut().filter(|behind| !behind.asked);
        // The projects share the room; one event may always come.
        let limit = (room / waiting.count()).clamp(1, PAGE_MAX) as u64;
        let waiting = queue.behind.iter_mut().filter(|behind| !behind.asked);
        let ask = |behind: &mut Behind| {
            behind.asked = true;
            CatchUp { stream: self.id, project: behind.project.clone(), after: behind.after, limit }
        };
        waiting.map(ask).collect()
    }

    /// The page that was wanted came, or none can be had.
    pub(crate) fn fill(
        &self,
        project: &ProjectId,
        after: u64,
        page: Option<Page>,
        wanted: impl Fn(&Event) -> bool,
        wakers: &mut Vec<Waker>,
    ) {
        let mut queue = self.lock();
        // The log may have been replaced since the page was asked for, and the stream have fallen behind in the new one.
        let asked = |behind: &Behind| behind.asked && behind.after == after && behind.project == *project;
        let Some(at) = queue.behind.iter().position(asked) else { return };
        let mut behind = queue.behind.remove(at);
        let push = &mut |event: Event| {
            if wanted(&event) {
                queue.put(event);
            }
        };
        if !behind.fill(page, jiff::Timestamp::now(), push) {
            queue.behind.push(behind);
        }
        queue.call(wakers);
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        let queue = self.lock();
        queue.events.len() + queue.behind.len()
    }

    /// How many events a reader should take at once that wants one.
    pub(crate) fn chunk(&self) -> usize {
        (self.lock().capacity / 8).clamp(1, CHUNK)
    }
}

/// Makes whole what was taken, without holding up who adds events.
fn unfold(mut queue: MutexGuard<'_, Queue>, batch: &mut Batch) {
    if !queue.folded {
        return;
    }
    queue.folded = !queue.events.is_empty();
    drop(queue);
    batch.events.iter_mut().for_each(Event::unfold);
}
