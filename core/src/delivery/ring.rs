//! A bounded queue between the driver's task and one reader.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    Error,
    events::{Event, Lagged, Meta, Origin},
};

/// What happens to events when a stream's buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// The oldest event makes room for the newest.
    #[default]
    DropOldest,
    /// The newest event is dropped.
    DropNewest,
}

/// The queue of one stream. What is dropped is counted, and told by a [`Lagged`] in its place.
#[derive(Debug)]
pub(crate) struct Ring(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    queue: VecDeque<Event>,
    capacity: usize,
    overflow: Overflow,
    missed: u64,
    end: Option<Option<Error>>,
    waker: Option<Waker>,
    abandoned: bool,
}

/// What a reader takes out at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: VecDeque<Event>,
    /// The stream is over behind these events; with an error unless the user ended it.
    pub(crate) end: Option<Option<Error>>,
}

/// A reader that takes one event at a time gets so many with one lock: as many as the task hands out in a turn.
const CHUNK: usize = 64;

impl Ring {
    pub(crate) fn new(capacity: usize, overflow: Overflow) -> Self {
        Self(Mutex::new(Inner {
            queue: VecDeque::new(),
            capacity: capacity.max(1),
            overflow,
            missed: 0,
            end: None,
            waker: None,
            abandoned: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that holds the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events. Returns false if there is no reader any more. The reader's waker, if it waits, goes into `wakers`.
    pub(crate) fn extend(&self, events: impl Iterator<Item = Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut ring = self.lock();
        if ring.abandoned || ring.end.is_some() {
            events.for_each(drop);
            return false;
        }
        for event in events {
            ring.push(event);
        }
        ring.call(wakers);
        true
    }

    /// Adds all events of `run`, which is empty afterwards: without moving any of them if the ring is empty too.
    pub(crate) fn append(&self, run: &mut VecDeque<Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut ring = self.lock();
        if ring.missed > 0 || ring.queue.len() + run.len() > ring.capacity {
            drop(ring);
            return self.extend(run.drain(..), wakers);
        }
        if ring.abandoned || ring.end.is_some() {
            run.clear();
            return false;
        }
        if ring.queue.is_empty() {
            std::mem::swap(&mut ring.queue, run);
        } else {
            ring.queue.append(run);
        }
        ring.call(wakers);
        true
    }

    /// Forgets what the reader, who only now makes itself known, does not want.
    pub(crate) fn retain(&self, wanted: impl FnMut(&Event) -> bool) {
        self.lock().queue.retain(wanted);
    }

    /// Ends the stream behind what is in it.
    pub(crate) fn end(&self, error: Option<Error>) {
        self.lock().end.get_or_insert(error);
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
        let mut ring = self.lock();
        ring.abandoned = true;
        ring.queue = VecDeque::new();
        drop(ring);
        self.wake();
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// Takes up to `max` events, or waits for one. `batch` must be empty.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>, max: usize, batch: &mut Batch) -> Poll<()> {
        let mut ring = self.lock();
        ring.take(max, batch);
        if batch.events.is_empty() && batch.end.is_none() {
            match &mut ring.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                empty => *empty = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Takes up to `max` events that are there now.
    pub(crate) fn take(&self, max: usize, batch: &mut Batch) {
        self.lock().take(max, batch);
    }

    /// How many events a reader should take at once that wants one.
    pub(crate) fn chunk(&self) -> usize {
        (self.lock().capacity / 8).clamp(1, CHUNK)
    }
}

impl Inner {
    /// Takes the waker of a reader that has something to read.
    fn call(&mut self, wakers: &mut Vec<Waker>) {
        if !self.queue.is_empty() || self.missed > 0 {
            wakers.extend(self.waker.take());
        }
    }

    fn push(&mut self, event: Event) {
        let full = self.queue.len() >= self.capacity;
        match self.overflow {
            Overflow::DropOldest if full => {
                // A notice of lost events that is itself dropped must not vanish from the count.
                let dropped = self.queue.pop_front();
                self.missed += weight(dropped.as_ref());
                self.queue.push_back(event);
            }
            Overflow::DropNewest if full => self.missed += weight(Some(&event)),
            Overflow::DropNewest if self.missed > 0 => {
                let missed = std::mem::take(&mut self.missed);
                let notice = lagged(missed, event.meta().received_at);
                self.queue.push_back(notice);
                self.queue.push_back(event);
            }
            _ => self.queue.push_back(event),
        }
    }

    fn take(&mut self, max: usize, batch: &mut Batch) {
        if self.overflow == Overflow::DropOldest && self.missed > 0 {
            batch.events.push_back(lagged(std::mem::take(&mut self.missed), jiff::Timestamp::now()));
        }
        let max = max.max(1).saturating_sub(batch.events.len());
        if batch.events.is_empty() && max >= self.queue.len() {
            std::mem::swap(&mut batch.events, &mut self.queue);
        } else {
            let count = max.min(self.queue.len());
            batch.events.extend(self.queue.drain(..count));
        }
        if self.queue.is_empty() {
            // What was dropped as the newest came behind everything that has been taken now.
            if self.missed > 0 {
                batch.events.push_back(lagged(std::mem::take(&mut self.missed), jiff::Timestamp::now()));
            }
            batch.end.clone_from(&self.end);
        }
    }
}

/// How many events a dropped one stands for.
fn weight(event: Option<&Event>) -> u64 {
    match event {
        None => 0,
        Some(Event::Lagged(lagged)) => lagged.missed,
        Some(Event::Gap(gap)) => gap.missed.unwrap_or(1),
        Some(_) => 1,
    }
}

fn lagged(missed: u64, at: jiff::Timestamp) -> Event {
    Lagged::new(missed, Meta::new(Origin::Live, at)).into()
}
