//! What REST has found for an interruption.

use super::{Follower, HELD_MAX, Sink, deliver};
use crate::{
    events::{Event, GapReason, Origin},
    session::Now,
};

impl Follower {
    /// A backfill with this id has been asked for; until it comes, live events wait.
    pub(crate) fn backfill_asked(&mut self, id: u64) {
        self.backfilling = Some(id);
    }

    /// The answer to a backfill: what was found, oldest first, and whether it is all; `None` if it failed.
    pub(crate) fn backfilled(&mut self, now: Now, id: u64, found: Option<(Vec<Event>, bool)>, sink: &mut Sink<'_>) {
        if self.backfilling != Some(id) {
            return;
        }
        self.backfilling = None;
        let overflowed = std::mem::take(&mut self.interrupted);
        let (events, complete) = found.unwrap_or_default();
        if !complete || overflowed {
            self.gap(GapReason::BackfillIncomplete, None, None, now, sink);
        }
        for event in events {
            if self.recent.as_mut().is_none_or(|recent| recent.insert_backfilled(now.mono, &event)) {
                self.pending.push_back(event);
            }
        }
        for event in std::mem::take(&mut self.waiting) {
            self.postpone(now, event, sink);
        }
    }

    /// Adds an event that comes after what REST has found.
    pub(super) fn postpone(&mut self, now: Now, event: Event, sink: &mut Sink<'_>) {
        if self.recent.as_mut().is_some_and(|recent| recent.is_echo(now.mono, &event)) {
            sink.counters.duplicates += 1;
            return;
        }
        self.pending_live += 1;
        self.pending.push_back(event);
        if self.pending_live > HELD_MAX {
            // The streams drop what is too much for their readers, and say so.
            self.deliver_pending(usize::MAX, sink);
        }
    }

    /// Whether events wait for readers to have room.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Delivers up to so many events of what REST has found, and of what came after it.
    pub(crate) fn deliver_pending(&mut self, max: usize, sink: &mut Sink<'_>) {
        self.capacity = None;
        for _ in 0..max {
            let Some(event) = self.pending.pop_front() else { break };
            if event.meta().origin == Origin::Backfill {
                deliver(event, sink);
            } else {
                self.deliver_plain(event, sink);
            }
        }
        if self.pending.is_empty() {
            self.pending_live = 0;
        }
    }
}
