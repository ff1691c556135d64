//! Answers from REST: backfills after an interruption, and reviews.

use super::{FollowerOutput, no_log::NoLogFollower};
use crate::{
    events::GapReason,
    session::{BackfillData, BackfillQuery, Now},
};

impl NoLogFollower {
    /// Records a request to REST, whose answer will have this id. During a backfill, live events wait.
    pub(crate) fn on_requested(&mut self, now: Now, id: u64, query: BackfillQuery) {
        let Some(connection) = &mut self.connection else { return };
        match query {
            BackfillQuery::Missed { .. } => connection.backfill = Some(id),
            BackfillQuery::Start | BackfillQuery::Reviews => connection.reviews = Some(id),
        }
        if query == BackfillQuery::Start {
            self.start = Some((id, connection.join_sent_at));
        }
        connection.asked_at = now.mono;
    }

    /// Returns `true` if the start of the stream is unknown and REST can be asked for it now.
    pub(crate) fn wants_start(&self) -> bool {
        self.idle().is_some() && self.recent.as_ref().is_some_and(|recent| !recent.has_listed())
    }

    /// Returns the items that are known to be flagged, or `None` if they are unknown.
    pub(crate) fn flagged(&self) -> Option<Vec<String>> {
        self.recent.as_ref().and_then(|recent| recent.flagged())
    }

    /// Handles the answer from REST. `data` is `None` if the request failed.
    pub(crate) fn on_answer(&mut self, now: Now, id: u64, data: Option<BackfillData>, output: &mut FollowerOutput<'_>) {
        let data = data.unwrap_or_default();
        if let Some((_, join_sent_at)) = self.start.take_if(|(asked, _)| *asked == id) {
            self.on_start(now, join_sent_at, &data);
        }
        let Some(connection) = &mut self.connection else { return };
        if connection.reviews.take_if(|asked| *asked == id).is_some() {
            self.on_reviews(now, data, output);
        } else if connection.backfill.take_if(|asked| *asked == id).is_some() {
            self.on_backfill(now, data, output);
        }
    }

    fn on_backfill(&mut self, now: Now, data: BackfillData, output: &mut FollowerOutput<'_>) {
        // Decisions since the join that an incomplete answer lacks will arrive live or be returned by the next
        // backfill.
        let joined_at = self.connection.as_ref().map(|connection| connection.join_sent_at.wall);
        let limit = joined_at.filter(|_| !data.complete);
        let until = data.until.map(|until| limit.map_or(until, |limit| limit.min(until)));
        if !data.complete | self.waiting.take_dropped() {
            self.report_gap(GapReason::BackfillIncomplete, now, output);
        }
        for event in data.events {
            if self.recent.as_mut().is_none_or(|recent| recent.insert_backfilled(now.mono, &event)) {
                self.push_pending(event);
            }
        }
        if let Some(recent) = &mut self.recent {
            until.into_iter().for_each(|until| recent.move_to(until, now.wall));
            data.flagged.into_iter().for_each(|flagged| recent.set_flagged(flagged));
        }
        self.deliver_waiting(now, output);
    }

    fn on_start(&mut self, now: Now, join_sent_at: Now, data: &BackfillData) {
        let Some((recent, start)) = self.recent.as_mut().zip(data.start) else { return };
        // The server's time is the time of its answer. Decisions made since the join was sent may have been lost in
        // transit, and an earlier request for the start may have failed. The stream therefore starts when the join was
        // sent.
        recent.start(start.saturating_sub(now.since(join_sent_at)).unwrap_or(start));
        // While the client is not in the room, nothing else updates the flagged items.
        if let Some(flagged) = data.flagged.clone().filter(|_| self.connection.is_none()) {
            recent.set_flagged(flagged);
        }
    }

    fn on_reviews(&mut self, now: Now, data: BackfillData, output: &mut FollowerOutput<'_>) {
        let Some(recent) = self.recent.as_mut() else { return };
        let new: Vec<_> = data.events.into_iter().filter(|event| recent.insert_backfilled(now.mono, event)).collect();
        match data.flagged {
            Some(flagged) => recent.set_flagged(flagged),
            None => recent.set_flagged_unknown(),
        }
        for event in new {
            if self.has_pending() { self.push_pending(event) } else { output.deliver(event) }
        }
    }
}
