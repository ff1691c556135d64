//! What REST has found for an interruption, and reviews.

use std::time::{Duration, Instant};

use super::{Follower, HELD_MAX, Keeping, Sink, deliver};
use crate::{
    events::{Event, GapReason},
    session::{Found, Now, Wanted},
};

impl Follower {
    /// REST has been asked, and will answer with this id. During a backfill live events wait for that.
    pub(crate) fn backfill_asked(&mut self, now: Now, id: u64, wanted: Wanted) {
        match wanted {
            Wanted::Missed { .. } => self.backfilling = Some(id),
            Wanted::Start | Wanted::Reviews => self.reviewing = Some(id),
        }
        self.reviewed = Some(now.mono);
    }

    /// Whether it is not known yet where the stream starts.
    pub(crate) fn wants_start(&self) -> bool {
        let unknown = self.recent.as_ref().is_some_and(|recent| !recent.has_listed());
        unknown && self.can_be_asked_about()
    }

    /// Whether reviews are to be asked for now, as often as every `pause`.
    pub(crate) fn wants_reviews(&self, now: Now, pause: Duration) -> bool {
        self.review_deadline(pause).is_some_and(|at| at <= now.mono)
    }

    /// When reviews are to be asked for.
    pub(crate) fn review_deadline(&self, pause: Duration) -> Option<Instant> {
        self.reviewed.filter(|_| self.can_be_asked_about()).map(|at| at + pause)
    }

    fn can_be_asked_about(&self) -> bool {
        let idle = self.backfilling.is_none() && self.reviewing.is_none();
        self.joined && self.keeping == Keeping::Nothing && self.recent.is_some() && idle
    }

    /// The contents known to be flagged.
    pub(crate) fn flagged(&self) -> Option<Vec<String>> {
        self.recent.as_ref().and_then(|recent| recent.flagged())
    }

    /// What REST has answered; `None` if that failed.
    pub(crate) fn backfilled(&mut self, now: Now, id: u64, found: Option<Found>, sink: &mut Sink<'_>) {
        if self.reviewing == Some(id) {
            self.reviewing = None;
            return self.reviewed(now, found.unwrap_or_default(), sink);
        }
        if self.backfilling != Some(id) {
            return;
        }
        self.backfilling = None;
        let overflowed = std::mem::take(&mut self.interrupted);
        let found = found.unwrap_or_default();
        if !found.complete || overflowed {
            self.gap(GapReason::BackfillIncomplete, None, None, now, sink);
        }
        for event in found.events {
            if self.recent.as_mut().is_none_or(|recent| recent.insert_backfilled(now.mono, &event)) {
                self.pending.push_back(event);
            }
        }
        if let Some((recent, flagged)) = self.recent.as_mut().zip(found.flagged) {
            recent.set_flagged(flagged);
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
        if let Some(recent) = &mut self.recent {
            recent.insert_event(&event);
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
            match event {
                Event::Gap(_) => sink.out.run().push_back(event),
                event => deliver(event, sink),
            }
        }
        if self.pending.is_empty() {
            self.pending_live = 0;
        }
    }

    fn reviewed(&mut self, now: Now, found: Found, sink: &mut Sink<'_>) {
        // The server's time is that of its answer. What was decided since the request may have been lost on its way.
        let asked_for = self.reviewed.map_or(Duration::ZERO, |at| now.mono.saturating_duration_since(at));
        let Some(recent) = &mut self.recent else { return };
        if let Some(start) = found.start {
            recent.start(start.saturating_sub(asked_for).unwrap_or(start));
        }
        for event in found.events {
            if !recent.insert_review(now.mono, &event) {
                continue;
            }
            if self.pending.is_empty() {
                deliver(event, sink);
            } else {
                self.pending.push_back(event);
            }
        }
        match found.flagged {
            Some(flagged) => recent.set_flagged(flagged),
            None => recent.set_flagged_unknown(),
        }
    }
}
