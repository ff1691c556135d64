//! What REST has found for an interruption.

use super::{Follower, Sink, deliver};
use crate::{
    events::{Event, GapReason},
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
                deliver(event, sink);
            }
        }
        for event in std::mem::take(&mut self.waiting) {
            if self.recent.as_mut().is_some_and(|recent| recent.is_echo(now.mono, &event)) {
                sink.counters.duplicates += 1;
            } else {
                self.deliver_plain(event, sink);
            }
        }
    }
}
