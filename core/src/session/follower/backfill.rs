//! Answers from REST: the start of a stream, backfills after an interruption, and reviews.

use super::{FollowerOutput, no_log::NoLogFollower};
use crate::{
    events::GapReason,
    session::{BackfillData, BackfillQuery, Now},
};

impl NoLogFollower {
    /// Records the id and the time of a REST request. While a request for missed decisions is pending, live events wait.
    pub(crate) fn on_rest_requested(&mut self, now: Now, id: u64, query: BackfillQuery) {
        let Some(connection) = &mut self.connection else { return };
        match query {
            BackfillQuery::MissedDecisions { .. } => connection.missed_decisions_request_id = Some(id),
            BackfillQuery::StreamStart | BackfillQuery::Reviews => connection.background_request_id = Some(id),
        }
        if query == BackfillQuery::StreamStart {
            self.stream_start_request = Some((id, connection.join_sent_at));
        }
        connection.last_rest_request_at = now.mono;
    }

    /// Returns `true` if the start of the stream must still be requested and REST can be queried now. The start counts
    /// as unknown until REST has listed the flagged items, which belong to the same answer.
    pub(crate) fn should_request_stream_start(&self) -> bool {
        self.connection_without_request().is_some()
            && self.recent_decisions.as_ref().is_some_and(|recent| !recent.has_flagged_listing())
    }

    /// Returns the ids of the items known to be flagged, or `None` if the flagged items are unknown.
    pub(crate) fn known_flagged_ids(&self) -> Option<Vec<String>> {
        self.recent_decisions.as_ref().and_then(|recent| recent.known_flagged_ids())
    }

    /// Handles the answer from REST. `data` is `None` if the request failed.
    pub(crate) fn on_rest_answer(
        &mut self,
        now: Now,
        id: u64,
        data: Option<BackfillData>,
        output: &mut FollowerOutput<'_>,
    ) {
        let data = data.unwrap_or_default();
        if let Some((_, join_sent_at)) = self.stream_start_request.take_if(|(asked, _)| *asked == id) {
            self.on_stream_start_answer(now, join_sent_at, &data);
        }
        let Some(connection) = &mut self.connection else { return };
        if connection.background_request_id.take_if(|asked| *asked == id).is_some() {
            self.on_reviews_answer(now, data, output);
        } else if connection.missed_decisions_request_id.take_if(|asked| *asked == id).is_some() {
            self.on_missed_decisions_answer(now, data, output);
        }
    }

    fn on_missed_decisions_answer(&mut self, now: Now, data: BackfillData, output: &mut FollowerOutput<'_>) {
        // An incomplete answer moves the start of the next backfill no later than the join: decisions made since then
        // but missing from the answer arrive live or with that backfill.
        let joined_at = self.connection.as_ref().map(|connection| connection.join_sent_at.wall);
        let limit = joined_at.filter(|_| !data.is_complete);
        let until = data.complete_until.map(|until| limit.map_or(until, |limit| limit.min(until)));
        if !data.is_complete | self.waiting.take_drop_flag() {
            self.report_gap(GapReason::BackfillIncomplete, now, output);
        }
        for event in data.events {
            if self.recent_decisions.as_mut().is_none_or(|recent| recent.insert_backfilled(now.mono, &event)) {
                self.queue_event(event);
            }
        }
        if let Some(recent) = &mut self.recent_decisions {
            until.into_iter().for_each(|until| recent.advance_complete_until(until, now.wall));
            data.flagged_ids.into_iter().for_each(|flagged| recent.set_listed_flagged(flagged));
        }
        self.deliver_waiting(now, output);
    }

    fn on_stream_start_answer(&mut self, now: Now, join_sent_at: Now, data: &BackfillData) {
        let Some((recent, start)) = self.recent_decisions.as_mut().zip(data.stream_start_time) else { return };
        // `stream_start_time` is usually the server time of the REST request. Decisions made since the join was sent
        // may have been lost in transit, and an earlier request for the start may have failed. The start of the stream
        // is therefore moved back at least to the time at which the join was sent.
        recent.set_complete_until_if_unknown(
            start.saturating_sub(now.since_including_sleep(join_sent_at)).unwrap_or(start),
        );
        // While the client is not in the room, nothing else updates the flagged items.
        if let Some(flagged) = data.flagged_ids.clone().filter(|_| self.connection.is_none()) {
            recent.set_listed_flagged(flagged);
        }
    }

    fn on_reviews_answer(&mut self, now: Now, data: BackfillData, output: &mut FollowerOutput<'_>) {
        let Some(recent) = self.recent_decisions.as_mut() else { return };
        let new: Vec<_> = data.events.into_iter().filter(|event| recent.insert_backfilled(now.mono, event)).collect();
        match data.flagged_ids {
            Some(flagged) => recent.set_listed_flagged(flagged),
            None => recent.on_listing_failed(),
        }
        for event in new {
            if self.has_queued_events() { self.queue_event(event) } else { output.deliver(event) }
        }
    }
}
