//! Where a stream stands when a join was confirmed.

use super::{Follower, Keeping, Sink};
use crate::{
    events::{Cursor, GapReason},
    session::{Backfill, Now, Output, backfill::Recent, wire::LogHead},
};

impl Follower {
    /// The join was confirmed. Returns since when a backfill is wanted, if one is.
    pub(crate) fn joined(
        &mut self,
        now: Now,
        head: Option<LogHead>,
        backfill: Backfill,
        sink: &mut Sink<'_>,
    ) -> Option<jiff::Timestamp> {
        self.joined = true;
        self.failures = 0;
        self.not_before = None;
        match head {
            Some(head) => {
                self.keeping = Keeping::Log;
                self.deliver_pending(usize::MAX, sink);
                self.place_in(head, backfill == Backfill::Off, now, sink);
                self.deliver_held(now, sink);
                self.flush_waiting(now, sink);
                None
            }
            None => {
                // A server that was made anew without a log, or one that never had one.
                let resumed = self.keeping == Keeping::Untold && self.place.is_some();
                self.keeping = Keeping::Nothing;
                self.place = None;
                let missed = std::mem::take(&mut self.interrupted) || resumed;
                self.held_bytes = 0;
                self.waiting.extend(std::mem::take(&mut self.held).into_values());
                // Without a time of the server's there is no telling where to begin: the clocks may differ.
                let since = self.recent.as_ref().and_then(Recent::newest);
                if missed && backfill == Backfill::Auto && !resumed && since.is_some() {
                    return since;
                }
                if missed {
                    self.gap(GapReason::Interrupted, None, None, now, sink);
                }
                self.flush_waiting(now, sink);
                None
            }
        }
    }

    /// Compares the user's place with the log.
    fn place_in(&mut self, log: LogHead, skip: bool, now: Now, sink: &mut Sink<'_>) {
        let interrupted = std::mem::take(&mut self.interrupted);
        let head = Cursor { log: log.log.clone(), event_id: log.head };
        let place = match self.place.take() {
            // What came live before the confirmation is part of the join.
            None => {
                if interrupted {
                    // The server keeps a log only since it came back.
                    self.gap(GapReason::Interrupted, None, Some(&head), now, sink);
                }
                self.held.keys().next().map_or(log.head, |first| (first - 1).min(log.head))
            }
            Some(place) if place.log.is_some() && log.log.is_some() && place.log != log.log => {
                self.keep_held_after(log.head);
                self.gap(GapReason::LogChanged, None, Some(&head), now, sink);
                log.head
            }
            Some(place) if place.event_id > log.head => {
                self.keep_held_after(log.head);
                self.gap(GapReason::CursorAhead, None, Some(&head), now, sink);
                log.head
            }
            Some(place) if skip && place.event_id < log.head => {
                let missed = log.head - place.event_id;
                let reason = if interrupted { GapReason::Interrupted } else { GapReason::Expired };
                self.gap(reason, Some(missed), Some(&head), now, sink);
                log.head
            }
            Some(place) => place.event_id,
        };
        self.seen = log.head.max(self.held.keys().next_back().copied().unwrap_or(0));
        self.target = log.head;
        self.hole_since = None;
        let cursor = Cursor { log: log.log, event_id: place };
        self.place = Some(cursor.clone());
        if !std::mem::replace(&mut self.placed, true) {
            sink.out.push_back(Output::Placed { project: self.project.clone(), cursor });
        }
    }
}
