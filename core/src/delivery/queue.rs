//! Bounded queue of a subscriber.

use std::{collections::VecDeque, task::Waker};

use super::{Bound, Overflow, StreamEnd, backlog::Backlog, holds::Holds, overflow::EXTRA_LOSSES_MAX};
use crate::{
    Error, ErrorKind,
    events::{Event, Gap, Lagged, Meta, Origin},
};

/// Events of one stream, and a record of those that it lacks.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) events: VecDeque<Event>,
    pub(super) bound: Bound,
    /// Weight of `events`.
    pub(super) bytes: usize,
    pub(super) overflow: Overflow,
    /// Gaps dropped at the front, one per project, that are not reported yet.
    dropped_gaps: Vec<Gap>,
    /// Number of events dropped before the first one in `events`.
    dropped_before: u64,
    /// Number of events dropped after the last one in `events`.
    pub(super) dropped_after: u64,
    /// Arrival time of the last dropped event.
    dropped_at: jiff::Timestamp,
    /// Backlogs of the projects whose logged events the stream lacks; only with [`Overflow::Replay`].
    pub(super) backlogs: Vec<Backlog>,
    /// Position before the first loss in each project: a replay from there recovers it.
    holds: Holds,
    pub(super) end: Option<StreamEnd>,
    pub(super) waker: Option<Waker>,
    pub(super) abandoned: bool,
    /// Some events are compact and are expanded when they are taken.
    pub(super) has_compact: bool,
    /// A project's replay waits for room in this stream.
    pub(super) capacity_awaited: bool,
    /// Average size of recent events, in bytes.
    typical: usize,
}

/// Events that a reader takes at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: VecDeque<Event>,
    /// Positions past which no cursor may advance, because logged events after them were dropped.
    pub(crate) holds: Holds,
    /// Set if the stream ends after these events, with an error unless the user ended it.
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

    /// Returns `true` if there is no reader for new events.
    pub(super) fn is_gone(&self) -> bool {
        self.abandoned || self.end.is_some()
    }

    /// Returns `true` if nothing was dropped or postponed, so that new events can be appended directly.
    pub(super) fn is_plain(&self) -> bool {
        self.dropped_after == 0 && self.backlogs.is_empty()
    }

    /// Takes the waker of a reader that has something to read.
    pub(super) fn call(&mut self, wakers: &mut Vec<Waker>) {
        let readable = !self.events.is_empty() || self.dropped_before > 0 || self.dropped_after > 0;
        if readable || self.end.is_some() {
            wakers.extend(self.waker.take());
        }
    }

    pub(super) fn is_full(&self, weight: usize) -> bool {
        self.events.len() >= self.bound.events || (self.bytes + weight > self.bound.bytes && !self.events.is_empty())
    }

    /// Returns `true` if half of the buffer is free, so that a page is worth its request.
    pub(super) fn has_capacity(&self) -> bool {
        self.events.len() <= self.bound.events / 2 && self.bytes <= self.bound.bytes / 2 && !self.is_gone()
    }

    /// Returns `true` if a missing page can be requested.
    pub(super) fn wants_page(&self) -> bool {
        !self.backlogs.is_empty() && self.has_capacity() && self.backlogs.iter().any(|backlog| !backlog.asked)
    }

    /// Number of events that there is room for; at least one.
    pub(super) fn room(&mut self) -> usize {
        if let Some(typical) = self.bytes.checked_div(self.events.len()) {
            self.typical = typical.max(1);
        }
        let events = self.bound.events.saturating_sub(self.events.len());
        events.min(self.bound.bytes.saturating_sub(self.bytes) / self.typical).max(1)
    }

    /// Updates the typical size of events, from a page that did not fit completely.
    pub(super) fn note_size(&mut self, weight: usize) {
        self.typical = self.typical.max(weight);
    }

    /// Leaves the event in the log until there is room. Returns `false` if it can't.
    fn postpone(&mut self, event: &Event, full: bool) -> bool {
        if self.backlogs.iter_mut().any(|backlog| backlog.postpone(event)) {
            return true;
        }
        let backlog = full.then(|| Backlog::from(event)).flatten();
        let postponed = backlog.is_some();
        self.backlogs.extend(backlog);
        postponed
    }

    /// Adds an event after the report of those dropped before it.
    pub(super) fn put(&mut self, event: Event) {
        if self.dropped_after > 0 {
            let missed = std::mem::take(&mut self.dropped_after);
            self.add(lagged(missed, self.dropped_at));
        }
        self.add(event);
    }

    fn add(&mut self, event: Event) {
        self.bytes += event.weight();
        self.events.push_back(event);
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes -= event.weight().min(self.bytes);
        Some(event)
    }

    /// Moves the project to another log or position, where no page contains the events that the stream lacks. The gap
    /// is added even if there is no room, but only once.
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
        let weight = event.weight();
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
            // No replay returns it.
            Overflow::Replay => self.make_room(event, weight),
            Overflow::Close => {
                let text = "the stream's buffer is full: its reader is slower than the events";
                self.end.get_or_insert(StreamEnd::Failed(Error::new(ErrorKind::Overflow, text)));
            }
        }
    }

    /// Drops the oldest events if they are not logged, or else the new one, which is not logged either.
    fn make_room(&mut self, event: Event, weight: usize) {
        while self.is_full(weight) && self.events.front().is_some_and(|oldest| !is_logged(oldest)) {
            self.drop_oldest();
        }
        if self.is_full(weight) { self.drop_newest(event) } else { self.put(event) }
    }

    fn drop_oldest(&mut self) {
        match self.pop() {
            // A reported loss must not be forgotten when its report is dropped.
            Some(Event::Gap(gap)) => match self.dropped_gaps.iter_mut().find(|first| first.is_followed_by(&gap)) {
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

    /// Drops an event. Gaps are reported even if there is no room; consecutive ones of a project are merged.
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
            Event::Gap(last) if last.is_followed_by(&gap) => Some(last),
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

    /// Drops the events that the stream lacks, because the project or the client has ended.
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
            // Events dropped as the newest came after everything taken now.
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
