//! What waits for one reader, and what becomes of what finds no room.

use std::{collections::VecDeque, task::Waker};

use super::behind::Behind;
use crate::{
    Error,
    events::{Event, Gap, Lagged, Meta, Origin},
};

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

/// The events of one stream, and what is known of those that are not there. What is dropped is counted, and told by a [`Lagged`] in
/// its place.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) events: VecDeque<Event>,
    pub(super) capacity: usize,
    pub(super) overflow: Overflow,
    pub(super) missed: u64,
    /// The projects in whose log the reader fell behind; only with [`Overflow::Replay`].
    pub(super) behind: Vec<Behind>,
    pub(super) end: Option<Option<Error>>,
    pub(super) waker: Option<Waker>,
    pub(super) abandoned: bool,
    /// Some of the events are to be unfolded when they are taken.
    pub(super) folded: bool,
}

/// What a reader takes out at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: VecDeque<Event>,
    /// The stream is over behind these events; with an error unless the user ended it.
    pub(crate) end: Option<Option<Error>>,
}

impl Queue {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        Self {
            events: VecDeque::new(),
            capacity: capacity.max(1),
            overflow,
            missed: 0,
            behind: Vec::new(),
            end: None,
            waker: None,
            abandoned: false,
            folded: false,
        }
    }

    /// There is nobody to read what is added.
    pub(super) fn is_gone(&self) -> bool {
        self.abandoned || self.end.is_some()
    }

    /// Takes the waker of a reader that has something to read.
    pub(super) fn call(&mut self, wakers: &mut Vec<Waker>) {
        if !self.events.is_empty() || self.missed > 0 {
            wakers.extend(self.waker.take());
        }
    }

    /// Whether there is room for much of what the reader missed.
    pub(super) fn is_hungry(&self) -> bool {
        self.events.len() <= self.capacity / 2
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
    pub(super) fn put(&mut self, event: Event) {
        if self.missed > 0 {
            let missed = std::mem::take(&mut self.missed);
            let notice = lagged(missed, event.meta().received_at);
            self.events.push_back(notice);
        }
        self.events.push_back(event);
    }

    /// The project goes on elsewhere: what the stream lacks of it can't be had any more, which no page would tell. It is
    /// told even where there is no room, but once only.
    fn leap(&mut self, gap: Event) {
        let same_project = |other: &Event| other.project_id() == gap.project_id();
        self.behind.retain(|behind| gap.project_id() != Some(&behind.project));
        match self.events.iter_mut().rev().find(|event| same_project(event)) {
            Some(last @ Event::Gap(Gap { missed: None, .. })) => *last = gap,
            _ => self.put(gap),
        }
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.overflow == Overflow::Replay
            && let Event::Gap(Gap { missed: None, meta: Meta { event_id: Some(_), .. }, .. }) = event
        {
            return self.leap(event);
        }
        let full = self.events.len() >= self.capacity;
        if self.overflow == Overflow::Replay && self.postpone(&event, full) {
            return;
        }
        match self.overflow {
            Overflow::DropOldest if full => {
                // A notice of lost events that is itself dropped must not vanish from the count.
                let dropped = self.events.pop_front();
                self.missed += weight(dropped.as_ref());
                self.events.push_back(event);
            }
            // Replay could not find out what it says.
            Overflow::Replay
                if matches!(event, Event::Gap(_)) && !matches!(self.events.back(), Some(Event::Gap(_))) =>
            {
                self.put(event);
            }
            Overflow::DropNewest | Overflow::Replay if full => self.missed += weight(Some(&event)),
            Overflow::DropNewest | Overflow::Replay => self.put(event),
            Overflow::DropOldest => self.events.push_back(event),
        }
    }

    pub(super) fn take(&mut self, max: usize, batch: &mut Batch) {
        if self.overflow == Overflow::DropOldest && self.missed > 0 {
            batch.events.push_back(lagged(std::mem::take(&mut self.missed), jiff::Timestamp::now()));
        }
        let max = max.max(1).saturating_sub(batch.events.len());
        if batch.events.is_empty() && max >= self.events.len() {
            std::mem::swap(&mut batch.events, &mut self.events);
        } else {
            let count = max.min(self.events.len());
            batch.events.extend(self.events.drain(..count));
        }
        if self.events.is_empty() {
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
