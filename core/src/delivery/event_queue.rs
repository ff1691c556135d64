//! Bounded event queue of one stream.

use std::{collections::VecDeque, task::Waker};

use super::{
    BufferLimits, Overflow, StreamEnd,
    backlog::Backlog,
    cursor_holds::CursorHolds,
    event_batch::EventBatch,
    overflow::{UNMERGED_EXTRA_GAPS_MAX, is_logged, lagged_event},
};
use crate::{
    Error, ErrorKind,
    events::{Event, Gap, Meta},
};

/// Queued events of one stream, and a record of the events that it has missed.
#[derive(Debug)]
pub(super) struct EventQueue {
    pub(super) events: VecDeque<Event>,
    pub(super) limits: BufferLimits,
    /// Approximate total size of `events`, in bytes.
    pub(super) total_bytes: usize,
    pub(super) overflow: Overflow,
    /// Dropped gaps that have not been reported yet. The gaps of each project are merged.
    dropped_gaps: Vec<Gap>,
    /// Number of events dropped before the first one in `events`.
    dropped_before_first_count: u64,
    /// Number of events dropped after the last one in `events`.
    pub(super) dropped_after_last_count: u64,
    /// Arrival time of the latest dropped event.
    last_dropped_received_at: jiff::Timestamp,
    /// One backlog for each project with logged events that did not fit. Used only with [`Overflow::Replay`].
    pub(super) backlogs: Vec<Backlog>,
    /// Positions before the first dropped event of each project. A replay from these positions recovers the dropped
    /// events.
    holds: CursorHolds,
    pub(super) end: Option<StreamEnd>,
    pub(super) waker: Option<Waker>,
    pub(super) is_abandoned: bool,
    /// `true` if some events are compact and must be expanded when they are taken.
    pub(super) has_compact_events: bool,
    /// `true` if a project's replay or backfill is waiting for room in this queue.
    pub(super) has_waiting_replay: bool,
    /// Estimated size of an event, in bytes.
    typical_bytes: usize,
}

impl EventQueue {
    pub(super) fn new(limits: BufferLimits, overflow: Overflow) -> Self {
        Self {
            events: VecDeque::new(),
            limits: BufferLimits { events: limits.events.max(1), ..limits },
            total_bytes: 0,
            overflow,
            dropped_gaps: Vec::new(),
            dropped_before_first_count: 0,
            dropped_after_last_count: 0,
            last_dropped_received_at: jiff::Timestamp::UNIX_EPOCH,
            backlogs: Vec::new(),
            holds: CursorHolds::default(),
            end: None,
            waker: None,
            is_abandoned: false,
            has_compact_events: false,
            has_waiting_replay: false,
            typical_bytes: 1024,
        }
    }

    /// Returns `true` if the queue accepts no more events, because the reader is gone or the stream has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.is_abandoned || self.end.is_some()
    }

    /// Returns `true` if no events were dropped or postponed after the queued events. New events can then be appended.
    pub(super) fn has_no_omission_at_end(&self) -> bool {
        self.dropped_after_last_count == 0 && self.backlogs.is_empty()
    }

    /// Moves the reader's waker to `wakers` if there is something to read or the stream has ended.
    pub(super) fn collect_waker(&mut self, wakers: &mut Vec<Waker>) {
        let readable =
            !self.events.is_empty() || self.dropped_before_first_count > 0 || self.dropped_after_last_count > 0;
        if readable || self.end.is_some() {
            wakers.extend(self.waker.take());
        }
    }

    pub(super) fn is_full_for(&self, weight: usize) -> bool {
        self.events.len() >= self.limits.events
            || (self.total_bytes + weight > self.limits.bytes && !self.events.is_empty())
    }

    /// Returns `true` if the queue is open and at least half of it is free, so that a page is worth requesting.
    pub(super) fn has_page_capacity(&self) -> bool {
        self.events.len() <= self.limits.events / 2 && self.total_bytes <= self.limits.bytes / 2 && !self.is_closed()
    }

    /// Returns `true` if there is room for a page that has not been requested yet.
    pub(super) fn can_request_page(&self) -> bool {
        !self.backlogs.is_empty()
            && self.has_page_capacity()
            && self.backlogs.iter().any(|backlog| !backlog.is_page_requested)
    }

    /// Estimates how many more events fit. Returns at least one.
    pub(super) fn estimate_free_slots(&mut self) -> usize {
        if let Some(typical) = self.total_bytes.checked_div(self.events.len()) {
            self.typical_bytes = typical.max(1);
        }
        let events = self.limits.events.saturating_sub(self.events.len());
        events.min(self.limits.bytes.saturating_sub(self.total_bytes) / self.typical_bytes).max(1)
    }

    /// Raises the estimated size of an event to at least `weight`, the size of an event from a page.
    pub(super) fn raise_typical_bytes(&mut self, weight: usize) {
        self.typical_bytes = self.typical_bytes.max(weight);
    }

    /// Leaves the event in the log until there is room. Returns `false` if that is not possible, or if it is not
    /// necessary because the queue is not full and the project has no backlog.
    fn postpone(&mut self, event: &Event, is_full: bool) -> bool {
        if self.backlogs.iter_mut().any(|backlog| backlog.postpone(event)) {
            return true;
        }
        let backlog = is_full.then(|| Backlog::starting_with(event)).flatten();
        let postponed = backlog.is_some();
        self.backlogs.extend(backlog);
        postponed
    }

    /// Adds an event, preceded by a report of the events that were dropped before it.
    pub(super) fn push_with_loss_report(&mut self, event: Event) {
        if self.dropped_after_last_count > 0 {
            let missed = std::mem::take(&mut self.dropped_after_last_count);
            self.push_back(lagged_event(missed, self.last_dropped_received_at));
        }
        self.push_back(event);
    }

    fn push_back(&mut self, event: Event) {
        self.total_bytes += event.approximate_bytes();
        self.events.push_back(event);
    }

    fn pop_front(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.total_bytes -= event.approximate_bytes().min(self.total_bytes);
        Some(event)
    }

    /// Adds a gap after which the project continues in another log or at another position. The project's backlog is
    /// discarded, because no page contains its events anymore. The gap is added even if there is no room. If the
    /// project's last queued event is a gap of unknown size, the new gap replaces it.
    fn push_gap_discarding_backlog(&mut self, gap: Event) {
        let same_project = |other: &Event| other.project_id() == gap.project_id();
        self.backlogs.retain(|backlog| gap.project_id() != Some(backlog.project()));
        match self.events.iter_mut().rev().find(|event| same_project(event)) {
            Some(last @ Event::Gap(Gap { missed: None, .. })) => *last = gap,
            _ => self.push_with_loss_report(gap),
        }
    }

    pub(super) fn push(&mut self, event: Event) {
        let replays = self.overflow == Overflow::Replay;
        if replays && let Event::Gap(Gap { missed: None, meta: Meta { event_id: Some(_), .. }, .. }) = event {
            return self.push_gap_discarding_backlog(event);
        }
        let weight = event.approximate_bytes();
        let is_full = self.is_full_for(weight);
        if replays && (is_full || !self.backlogs.is_empty()) && self.postpone(&event, is_full) {
            return;
        }
        if !is_full {
            return self.push_with_loss_report(event);
        }
        match self.overflow {
            Overflow::DropNewest => self.drop_newest_unless_gap(event),
            Overflow::DropOldest => {
                while self.is_full_for(weight) {
                    self.drop_oldest();
                }
                self.push_with_loss_report(event);
            }
            // The event is not logged, so no replay can return it.
            Overflow::Replay => self.push_or_drop_unlogged(event, weight),
            Overflow::Close => {
                let text = "the stream's buffer is full because its reader is too slow";
                self.end.get_or_insert(StreamEnd::Failed(Error::new(ErrorKind::Overflow, text)));
            }
        }
    }

    /// Adds an event that is not logged to a full queue. To make room, drops the oldest events as long as they are not
    /// logged either; if that is not enough, drops the new event unless it is a gap.
    fn push_or_drop_unlogged(&mut self, event: Event, weight: usize) {
        while self.is_full_for(weight) && self.events.front().is_some_and(|oldest| !is_logged(oldest)) {
            self.drop_oldest();
        }
        if self.is_full_for(weight) { self.drop_newest_unless_gap(event) } else { self.push_with_loss_report(event) }
    }

    fn drop_oldest(&mut self) {
        match self.pop_front() {
            // A loss must be reported even if the event that reports it is dropped.
            Some(Event::Gap(gap)) => match self.dropped_gaps.iter_mut().find(|first| first.can_merge(&gap)) {
                Some(first) => first.merge(gap),
                None => self.dropped_gaps.push(gap),
            },
            Some(Event::Lagged(lagged)) => {
                self.last_dropped_received_at = self.last_dropped_received_at.max(lagged.meta.received_at);
                self.dropped_before_first_count += lagged.missed;
            }
            Some(event) => {
                self.hold_cursor_before_dropped(&event);
                self.dropped_before_first_count += 1;
            }
            None => {}
        }
    }

    /// Drops a new event unless it is a gap. A gap is kept even if there is no room, but may be merged with an earlier
    /// gap of its project.
    fn drop_newest_unless_gap(&mut self, event: Event) {
        let Event::Gap(gap) = event else {
            self.hold_cursor_before_dropped(&event);
            self.dropped_after_last_count += 1;
            return;
        };
        let is_next = self.dropped_after_last_count == 0;
        let is_crowded = self.events.len() >= self.limits.events + UNMERGED_EXTRA_GAPS_MAX;
        let candidates = if is_crowded { usize::MAX } else { usize::from(is_next) };
        let last = self.events.iter_mut().rev().take(candidates).find_map(|event| match event {
            Event::Gap(last) if last.can_merge(&gap) => Some(last),
            _ => None,
        });
        match last {
            Some(last) => last.merge(gap),
            None => self.push_with_loss_report(gap.into()),
        }
    }

    fn hold_cursor_before_dropped(&mut self, event: &Event) {
        self.last_dropped_received_at = self.last_dropped_received_at.max(event.meta().received_at);
        self.holds.hold_before(event);
    }

    /// Counts the events of all backlogs as dropped, because the project or the client has ended.
    pub(super) fn count_backlogs_as_dropped(&mut self) {
        for backlog in self.backlogs.drain(..) {
            self.last_dropped_received_at = self.last_dropped_received_at.max(backlog.last_received_at);
            self.dropped_after_last_count += backlog.len();
        }
    }

    pub(super) fn take(&mut self, max: usize, batch: &mut EventBatch) {
        if !self.holds.is_empty() {
            batch.holds.clone_from(&self.holds);
        }
        batch.events.extend(self.dropped_gaps.drain(..).map(Event::from));
        if self.dropped_before_first_count > 0 {
            batch.events.push_back(lagged_event(
                std::mem::take(&mut self.dropped_before_first_count),
                self.last_dropped_received_at,
            ));
        }
        let max = max.max(1).saturating_sub(batch.events.len());
        if batch.events.is_empty() && max >= self.events.len() {
            std::mem::swap(&mut batch.events, &mut self.events);
            self.update_typical_bytes(&batch.events);
            self.total_bytes = 0;
        } else {
            for _ in 0..max {
                let Some(event) = self.pop_front() else { break };
                batch.events.push_back(event);
            }
        }
        if self.events.is_empty() {
            // The events counted here arrived after all events in the batch.
            if self.dropped_after_last_count > 0 {
                batch.events.push_back(lagged_event(
                    std::mem::take(&mut self.dropped_after_last_count),
                    self.last_dropped_received_at,
                ));
            }
            batch.end.clone_from(&self.end);
        }
    }

    fn update_typical_bytes(&mut self, taken: &VecDeque<Event>) {
        if let Some(typical) = self.total_bytes.checked_div(taken.len()) {
            self.typical_bytes = typical.max(1);
        }
    }
}
