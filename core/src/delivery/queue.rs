//! Bounded event queue of one stream.

use std::{collections::VecDeque, task::Waker};

use super::{Bound, Overflow, StreamEnd, backlog::Backlog, holds::Holds, overflow::EXTRA_LOSSES_MAX};
use crate::{
    Error, ErrorKind,
    events::{Event, Gap, Lagged, Meta, Origin},
};

/// Queued events of one stream, and a record of the events that it has missed.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) events: VecDeque<Event>,
    pub(super) bound: Bound,
    /// Total weight of `events`, in bytes.
    pub(super) bytes: usize,
    pub(super) overflow: Overflow,
    /// Dropped gaps that have not been reported yet. Consecutive gaps of a project are merged.
    dropped_gaps: Vec<Gap>,
    /// Number of events dropped before the first one in `events`.
    dropped_before: u64,
    /// Number of events dropped after the last one in `events`.
    pub(super) dropped_after: u64,
    /// Arrival time of the latest dropped event.
    dropped_at: jiff::Timestamp,
    /// One backlog for each project with logged events that did not fit. Used only with [`Overflow::Replay`].
    pub(super) backlogs: Vec<Backlog>,
    /// Positions before the first dropped event of each project. A replay from there recovers the loss.
    holds: Holds,
    pub(super) end: Option<StreamEnd>,
    pub(super) waker: Option<Waker>,
    pub(super) abandoned: bool,
    /// `true` if some events are compact and must be expanded when they are taken.
    pub(super) has_compact: bool,
    /// `true` if a project's replay is waiting for room in this queue.
    pub(super) capacity_awaited: bool,
    /// Average size of recent events, in bytes.
    typical: usize,
}

/// Events that a reader takes at one time.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: VecDeque<Event>,
    /// Positions that no cursor may pass, because logged events after them were dropped.
    pub(crate) holds: Holds,
    /// Set if the stream ends after these events. Contains an error unless the user ended the stream.
    pub(crate) end: Option<StreamEnd>,
}

impl Queue {
    pub(super) fn new(bound: Bound, overflow: Overflow) -> Self {
        Self {
            events: VecDeque::new(),
            bound: Bound { events: bound.events.max(1), ..bound },
            bytes: 0,
            overflow,
            dropped_gaps: Vec::new(),
            dropped_before: 0,
            dropped_after: 0,
            dropped_at: jiff::Timestamp::UNIX_EPOCH,
            backlogs: Vec::new(),
            holds: Holds::default(),
            end: None,
            waker: None,
            abandoned: false,
            has_compact: false,
            capacity_awaited: false,
            typical: 1024,
        }
    }

    /// Returns `true` if the queue accepts no more events, because the reader is gone or the stream has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.abandoned || self.end.is_some()
    }

    /// Returns `true` if no event was dropped or postponed, so that new events can be appended directly.
    pub(super) fn is_plain(&self) -> bool {
        self.dropped_after == 0 && self.backlogs.is_empty()
    }

    /// Moves the reader's waker to `wakers` if there is something to read.
    pub(super) fn call(&mut self, wakers: &mut Vec<Waker>) {
        let readable = !self.events.is_empty() || self.dropped_before > 0 || self.dropped_after > 0;
        if readable || self.end.is_some() {
            wakers.extend(self.waker.take());
        }
    }

    pub(super) fn is_full(&self, weight: usize) -> bool {
        self.events.len() >= self.bound.events || (self.bytes + weight > self.bound.bytes && !self.events.is_empty())
    }

    /// Returns `true` if half of the buffer is free, which makes a page worth requesting.
    pub(super) fn has_capacity(&self) -> bool {
        self.events.len() <= self.bound.events / 2 && self.bytes <= self.bound.bytes / 2 && !self.is_gone()
    }

    /// Returns `true` if there is room for a page that has not been requested yet.
    pub(super) fn wants_page(&self) -> bool {
        !self.backlogs.is_empty() && self.has_capacity() && self.backlogs.iter().any(|backlog| !backlog.asked)
    }

    /// Estimates how many more events fit. Returns at least one.
    pub(super) fn room(&mut self) -> usize {
        if let Some(typical) = self.bytes.checked_div(self.events.len()) {
            self.typical = typical.max(1);
        }
        let events = self.bound.events.saturating_sub(self.events.len());
        events.min(self.bound.bytes.saturating_sub(self.bytes) / self.typical).max(1)
    }

    /// Raises the estimated event size to that of an event from a page.
    pub(super) fn note_size(&mut self, weight: usize) {
        self.typical = self.typical.max(weight);
    }

    /// Leaves the event in the log until there is room. Returns `false` if that is not possible.
    fn postpone(&mut self, event: &Event, full: bool) -> bool {
        if self.backlogs.iter_mut().any(|backlog| backlog.postpone(event)) {
            return true;
        }
        let backlog = full.then(|| Backlog::from(event)).flatten();
        let postponed = backlog.is_some();
        self.backlogs.extend(backlog);
        postponed
    }

    /// Adds an event, preceded by a report of the events that were dropped before it.
    pub(super) fn put(&mut self, event: Event) {
        if self.dropped_after > 0 {
            let missed = std::mem::take(&mut self.dropped_after);
            self.add(lagged(missed, self.dropped_at));
        }
        self.add(event);
    }

    fn add(&mut self, event: Event) {
        self.bytes += event.approximate_size();
        self.events.push_back(event);
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes -= event.approximate_size().min(self.bytes);
        Some(event)
    }

    /// Adds a gap after which the project continues in another log or at another position. The project's backlog is
    /// discarded, because no page contains its events any more. The gap is added even if there is no room, but replaces
    /// an immediately preceding one.
    fn leap(&mut self, gap: Event) {
        let same_project = |other: &Event| other.project_id() == gap.project_id();
        self.backlogs.retain(|backlog| gap.project_id() != Some(backlog.project()));
        match self.events.iter_mut().rev().find(|event| same_project(event)) {
            Some(last @ Event::Gap(Gap { missed: None, .. })) => *last = gap,
            _ => self.put(gap),
        }
    }

    pub(super) fn push(&mut self, event: Event) {
        let replays = self.overflow == Overflow::Replay;
        if replays && let Event::Gap(Gap { missed: None, meta: Meta { event_id: Some(_), .. }, .. }) = event {
            return self.leap(event);
        }
        let weight = event.approximate_size();
        let full = self.is_full(weight);
        if replays && (full || !self.backlogs.is_empty()) && self.postpone(&event, full) {
            return;
        }
        if !full {
            return self.put(event);
        }
        match self.overflow {
            Overflow::DropNewest => self.drop_newest(event),
            Overflow::DropOldest => {
                while self.is_full(weight) {
                    self.drop_oldest();
                }
                self.put(event);
            }
            // The event is not logged, so no replay can return it.
            Overflow::Replay => self.make_room(event, weight),
            Overflow::Close => {
                let text = "the stream's buffer is full: its reader is slower than the events";
                self.end.get_or_insert(StreamEnd::Failed(Error::new(ErrorKind::Overflow, text)));
            }
        }
    }

    /// Makes room for an event that is not logged. Drops the oldest events as long as they are not logged either; if
    /// that is not enough, drops the new event.
    fn make_room(&mut self, event: Event, weight: usize) {
        while self.is_full(weight) && self.events.front().is_some_and(|oldest| !is_logged(oldest)) {
            self.drop_oldest();
        }
        if self.is_full(weight) { self.drop_newest(event) } else { self.put(event) }
    }

    fn drop_oldest(&mut self) {
        match self.pop() {
            // A loss must be reported even if the event that reports it is dropped.
            Some(Event::Gap(gap)) => match self.dropped_gaps.iter_mut().find(|first| first.can_merge(&gap)) {
                Some(first) => first.merge(gap),
                None => self.dropped_gaps.push(gap),
            },
            Some(Event::Lagged(lagged)) => {
                self.dropped_at = self.dropped_at.max(lagged.meta.received_at);
                self.dropped_before += lagged.missed;
            }
            Some(event) => {
                self.note_dropped(&event);
                self.dropped_before += 1;
            }
            None => {}
        }
    }

    /// Drops a new event. Gaps are kept even if there is no room; consecutive gaps of a project are merged.
    fn drop_newest(&mut self, event: Event) {
        let Event::Gap(gap) = event else {
            self.note_dropped(&event);
            self.dropped_after += 1;
            return;
        };
        let is_next = self.dropped_after == 0;
        let is_crowded = self.events.len() >= self.bound.events + EXTRA_LOSSES_MAX;
        let candidates = if is_crowded { usize::MAX } else { usize::from(is_next) };
        let last = self.events.iter_mut().rev().take(candidates).find_map(|event| match event {
            Event::Gap(last) if last.can_merge(&gap) => Some(last),
            _ => None,
        });
        match last {
            Some(last) => last.merge(gap),
            None => self.put(gap.into()),
        }
    }

    fn note_dropped(&mut self, event: &Event) {
        self.dropped_at = self.dropped_at.max(event.meta().received_at);
        self.holds.on_dropped(event);
    }

    /// Counts the events of all backlogs as dropped, because the project or the client has ended.
    pub(super) fn drop_backlogs(&mut self) {
        for backlog in self.backlogs.drain(..) {
            self.dropped_at = self.dropped_at.max(backlog.newest_at);
            self.dropped_after += backlog.missing();
        }
    }

    pub(super) fn take(&mut self, max: usize, batch: &mut Batch) {
        if !self.holds.is_empty() {
            batch.holds.clone_from(&self.holds);
        }
        batch.events.extend(self.dropped_gaps.drain(..).map(Event::from));
        if self.dropped_before > 0 {
            batch.events.push_back(lagged(std::mem::take(&mut self.dropped_before), self.dropped_at));
        }
        let max = max.max(1).saturating_sub(batch.events.len());
        if batch.events.is_empty() && max >= self.events.len() {
            std::mem::swap(&mut batch.events, &mut self.events);
            self.note_average(&batch.events);
            self.bytes = 0;
        } else {
            for _ in 0..max {
                let Some(event) = self.pop() else { break };
                batch.events.push_back(event);
            }
        }
        if self.events.is_empty() {
            // These events arrived after all events in the batch.
            if self.dropped_after > 0 {
                batch.events.push_back(lagged(std::mem::take(&mut self.dropped_after), self.dropped_at));
            }
            batch.end.clone_from(&self.end);
        }
    }

    fn note_average(&mut self, taken: &VecDeque<Event>) {
        if let Some(typical) = self.bytes.checked_div(taken.len()) {
            self.typical = typical.max(1);
        }
    }
}

/// Returns `true` if a replay can return the event.
fn is_logged(event: &Event) -> bool {
    event.event_id().is_some()
}

fn lagged(missed: u64, at: jiff::Timestamp) -> Event {
    Lagged::new(missed, Meta::new(Origin::Live, at)).into()
}
