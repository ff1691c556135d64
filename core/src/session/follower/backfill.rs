//! What REST has found for an interruption, and reviews.

use std::time::Instant;

use super::{FollowerOutput, no_log::NoLogFollower};
use crate::{
    events::GapReason,
    session::{Found, Now, Wanted},
};

impl NoLogFollower {
    /// REST has been asked, and will answer with this id. During a backfill live events wait for that.
    pub(crate) fn on_asked(&mut self, now: Now, id: u64, wanted: Wanted) {
        let Some(connection) = &mut self.connection else { return };
        match wanted {
            Wanted::Missed { .. } => connection.backfill = Some(id),
            Wanted::Start | Wanted::Reviews => connection.reviews = Some(id),
        }
        if wanted == Wanted::Start {
            self.start = Some((id, connection.asked_to_join_at));
        }
        connection.asked_at = now.mono;
    }

    /// Whether it is not known yet where the stream starts, and REST can say so.
    pub(crate) fn wants_start(&self) -> bool {
        self.idle().is_some() && self.recent.as_ref().is_some_and(|recent| !recent.has_listed())
    }

    /// The contents known to be flagged.
    pub(crate) fn flagged(&self) -> Option<Vec<String>> {
        self.recent.as_ref().and_then(|recent| recent.flagged())
    }

    /// The answer of REST; `None` if the request failed.
    pub(crate) fn on_answer(&mut self, now: Now, id: u64, found: Option<Found>, output: &mut FollowerOutput<'_>) {
        let found = found.unwrap_or_default();
        if let Some((_, asked_to_join_at)) = self.start.take_if(|(asked, _)| *asked == id) {
            self.on_start(now, asked_to_join_at, &found);
        }
        let Some(connection) = &mut self.connection else { return };
        if connection.reviews.take_if(|asked| *asked == id).is_some() {
            self.on_reviews(now, found, output);
        } else if connection.backfill.take_if(|asked| *asked == id).is_some() {
            self.on_backfill(now, found, output);
        }
    }

    fn on_backfill(&mut self, now: Now, found: Found, output: &mut FollowerOutput<'_>) {
        if !found.complete | self.waiting.take_dropped() {
            self.report_gap(GapReason::BackfillIncomplete, now, output);
        }
        for event in found.events {
            if self.recent.as_mut().is_none_or(|recent| recent.insert_backfilled(now.mono, &event)) {
                self.push_pending(event);
            }
        }
        if let Some(recent) = &mut self.recent {
            found.until.into_iter().for_each(|until| recent.move_to(until, now.wall));
            found.flagged.into_iter().for_each(|flagged| recent.set_flagged(flagged));
        }
        self.deliver_waiting(now, output);
    }

    fn on_start(&mut self, now: Now, asked_to_join_at: Instant, found: &Found) {
        let Some((recent, start)) = self.recent.as_mut().zip(found.start) else { return };
        // The server's time is that of its answer. What was decided since the join was sent may have been lost on its way,
        // as the confirmation nearly was, and an earlier request may have failed.
        let asked_for = now.mono.saturating_duration_since(asked_to_join_at);
        recent.start(start.saturating_sub(asked_for).unwrap_or(start));
        // Outside of a room nothing else takes note of what is flagged.
        if let Some(flagged) = found.flagged.clone().filter(|_| self.connection.is_none()) {
            recent.set_flagged(flagged);
        }
    }

    fn on_reviews(&mut self, now: Now, found: Found, output: &mut FollowerOutput<'_>) {
        let Some(recent) = self.recent.as_mut() else { return };
        let new: Vec<_> = found.events.into_iter().filter(|event| recent.insert_backfilled(now.mono, event)).collect();
        match found.flagged {
            Some(flagged) => recent.set_flagged(flagged),
            None => recent.set_flagged_unknown(),
        }
        for event in new {
            if self.has_pending() { self.push_pending(event) } else { output.deliver(event) }
        }
    }
}
