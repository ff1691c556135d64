//! A bounded queue between the driver's task and one reader.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::Notify;

use super::behind::Behind;
use crate::{
    Error,
    events::{Event, Gap, Lagged, Meta, Origin, ProjectId},
    session::{CatchUp, Page, StreamId},
};

/// The most events that are asked for at once.
const PAGE_MAX: usize = 500;

/// What happens to events when a stream's buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// The oldest event makes room for the newest.
    #[default]
    DropOldest,
    /// The newest event is dropped.
    DropNewest,
    /// What finds no room is read from the server's event log when the reader has room again: nothing is lost, and
    /// memory stays bounded. Events that are in no log (`stats_update`, and all events of servers that keep none) are
    /// dropped as the newest.
    Replay,
}

/// The queue of one stream. What is dropped is counted, and told by a [`Lagged`] in its place.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) id: StreamId,
    inner: Mutex<Inner>,
    /// Told when the reader has room for what it missed.
    hungry: Arc<Notify>,
}

#[derive(Debug)]
struct Inner {
    queue: VecDeque<Event>,
    capacity: usize,
    overflow: Overflow,
    missed: u64,
    /// The projects in whose log the reader fell behind; only with [`Overflow::Replay`].
    behind: Vec<Behind>,
    end: Option<Option<Error>>,
    waker: Option<Waker>,
    abandoned: bool,
    /// Some of the events are to be unfolded when they are taken.
    folded: bool,
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
    pub(crate) fn new(id: StreamId, capacity: usize, overflow: Overflow, hungry: Arc<Notify>) -> Self {
        let inner = Inner {
            queue: VecDeque::new(),
            capacity: capacity.max(1),
            overflow,
            missed: 0,
            behind: Vec::new(),
            end: None,
            waker: None,
            abandoned: false,
            folded: false,
        };
        Self { id, inner: Mutex::new(inner), hungry }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that holds the lock can panic half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events. Returns false if there is no reader any more. The reader's waker, if it waits, goes into `wakers`.
    pub(crate) fn extend(&self, events: impl Iterator<Item = Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut ring = self.lock();
        if ring.is_gone() {
            events.for_each(drop);
            return false;
        }
        for event in events {
            ring.push(event);
        }
        ring.call(wakers);
        true
    }

    /// As [`extend`](Self::extend), for a reader who may never come: copies that cost little until they are taken.
    pub(crate) fn keep<'e>(&self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        self.lock().folded = true;
        self.extend(events.map(Event::folded), wakers)
    }

    /// Adds all events of `run`, which is empty afterwards: without moving any of them if the ring is empty too.
    pub(crate) fn append(&self, run: &mut VecDeque<Event>, wakers: &mut Vec<Waker>) -> bool {
        let mut ring = self.lock();
        if ring.missed > 0 || !ring.behind.is_empty() || ring.queue.len() + run.len() > ring.capacity {
            drop(ring);
            return self.extend(run.drain(..), wakers);
        }
        if ring.is_gone() {
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
        let mut ring = self.lock();
        // What is still in the log is not read any more.
        ring.missed += ring.behind.drain(..).map(|behind| behind.missing()).sum::<u64>();
        ring.end.get_or_insert(error);
        drop(ring);
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
        let mut ring = self.take_locked(max, batch);
        if batch.events.is_empty() && batch.end.is_none() {
            match &mut ring.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                empty => *empty = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        unfold(ring, batch);
        Poll::Ready(())
    }

    /// Takes up to `max` events that are there now.
    pub(crate) fn take(&self, max: usize, batch: &mut Batch) {
        let ring = self.take_locked(max, batch);
        unfold(ring, batch);
    }

    fn take_locked(&self, max: usize, batch: &mut Batch) -> MutexGuard<'_, Inner> {
        let mut ring = self.lock();
        ring.take(max, batch);
        if ring.is_hungry() {
            self.hungry.notify_one();
        }
        ring
    }

    /// The pages that there is room for, each told once.
    pub(crate) fn wanted(&self) -> Vec<CatchUp> {
        let mut ring = self.lock();
        if !ring.is_hungry() {
            return Vec::new();
        }
        let room = ring.capacity - ring.queue.len();
        let waiting = ring.behind.iter_mut().filter(|behind| !behind.asked);
        // The projects share the room; one event may always come.
        let limit = (room / waiting.count()).clamp(1, PAGE_MAX) as u64;
        let waiting = ring.behind.iter_mut().filter(|behind| !behind.asked);
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
        let mut ring = self.lock();
        // The log may have been replaced since the page was asked for, and the stream have fallen behind in the new one.
        let asked = |behind: &Behind| behind.asked && behind.after == after && behind.project == *project;
        let Some(at) = ring.behind.iter().position(asked) else { return };
        let mut behind = ring.behind.remove(at);
        let push = &mut |event: Event| {
            if wanted(&event) {
                ring.put(event);
            }
        };
        if !behind.fill(page, jiff::Timestamp::now(), push) {
            ring.behind.push(behind);
        }
        ring.call(wakers);
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        let ring = self.lock();
        ring.queue.len() + ring.behind.len()
    }

    /// How many events a reader should take at once that wants one.
    pub(crate) fn chunk(&self) -> usize {
        (self.lock().capacity / 8).clamp(1, CHUNK)
    }
}

/// Makes whole what was taken, without holding up who adds events.
fn unfold(mut ring: MutexGuard<'_, Inner>, batch: &mut Batch) {
    if !ring.folded {
        return;
    }
    ring.folded = !ring.queue.is_empty();
    drop(ring);
    batch.events.iter_mut().for_each(Event::unfold);
}

impl Inner {
    /// There is nobody to read what is added.
    fn is_gone(&self) -> bool {
        self.abandoned || self.end.is_some()
    }

    /// Takes the waker of a reader that has something to read.
    fn call(&mut self, wakers: &mut Vec<Waker>) {
        if !self.queue.is_empty() || self.missed > 0 {
            wakers.extend(self.waker.take());
        }
    }

    /// Whether there is room for much of what the reader missed.
    fn is_hungry(&self) -> bool {
        self.queue.len() <= self.capacity / 2
            && !self.abandoned
            && self.end.is_none()
            && self.behind.iter().any(|behind| !behind.asked)
    }

    /// Whether the event is left in the log until there is room.
    fn postpone(&mut self, event: &Event, full: bool) -> bool {
        if self.behind.iter_mut().any(|behind| behind.postpone(event)) {
            return true;
        }
        let behind = full.then(|| Behind::from(event)).flatten();
        let postponed = behind.is_some();
        self.behind.extend(behind);
        postponed
    }

    /// Adds an event behind the notice of those that were dropped before it.
    fn put(&mut self, event: Event) {
        if self.missed > 0 {
            let missed = std::mem::take(&mut self.missed);
            let notice = lagged(missed, event.meta().received_at);
            self.queue.push_back(notice);
        }
        self.queue.push_back(event);
    }

    /// The project goes on elsewhere: what the stream lacks of it can't be had any more, which no page would tell. It is
    /// told even where there is no room, but once only.
    fn leap(&mut self, gap: Event) {
        let same_project = |other: &Event| other.project_id() == gap.project_id();
        self.behind.retain(|behind| gap.project_id() != Some(&behind.project));
        match self.queue.iter_mut().rev().find(|event| same_project(event)) {
            Some(last @ Event::Gap(Gap { missed: None, .. })) => *last = gap,
            _ => self.put(gap),
        }
    }

    fn push(&mut self, event: Event) {
        if self.overflow == Overflow::Replay
            && let Event::Gap(Gap { missed: None, meta: Meta { event_id: Some(_), .. }, .. }) = event
        {
            return self.leap(event);
        }
        let full = self.queue.len() >= self.capacity;
        if self.overflow == Overflow::Replay && self.postpone(&event, full) {
            return;
        }
        match self.overflow {
            Overflow::DropOldest if full => {
                // A notice of lost events that is itself dropped must not vanish from the count.
                let dropped = self.queue.pop_front();
                self.missed += weight(dropped.as_ref());
                self.queue.push_back(event);
            }
            // Replay could not find out what it says.
            Overflow::Replay if matches!(event, Event::Gap(_)) && !matches!(self.queue.back(), Some(Event::Gap(_))) => {
                self.put(event);
            }
            Overflow::DropNewest | Overflow::Replay if full => self.missed += weight(Some(&event)),
            Overflow::DropNewest | Overflow::Replay => self.put(event),
            Overflow::DropOldest => self.queue.push_back(event),
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
