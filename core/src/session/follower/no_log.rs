//! Follower of a project whose server has no event log. It delivers live events in the order of their arrival, and
//! recovers missed decisions through REST.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{FollowerOutput, held_events::HELD_EVENTS_MAX, waiting_events::WaitingEvents};
use crate::{
    events::{Event, Gap, GapReason, Meta, Origin, ProjectId},
    session::{Now, recent_decisions::RecentDecisions},
};

#[derive(Debug)]
pub(crate) struct NoLogFollower {
    pub(super) project: ProjectId,
    /// Record of delivered decisions. `None` if REST cannot be used.
    pub(super) recent_decisions: Option<RecentDecisions>,
    /// Events that arrived before the current join was confirmed, or during a backfill.
    pub(super) waiting: WaitingEvents,
    /// Events from REST, and later events, that wait until readers have room.
    pub(super) reader_queue: ReaderQueue,
    /// State on the current connection. `None` until the current join is confirmed.
    pub(super) connection: Option<NoLogConnection>,
    /// Id of the pending REST request for the start of the stream, and the time at which the join was sent. The
    /// answer stays valid after the client leaves the room, until the next join is confirmed.
    pub(super) stream_start_request: Option<(u64, Now)>,
}

/// State of the follower on one connection.
#[derive(Debug)]
pub(super) struct NoLogConnection {
    /// Time at which the join was sent. The client may have been in the room since then.
    pub(super) join_sent_at: Now,
    /// Id of the pending REST request for missed decisions. Live events wait for its answer.
    pub(super) missed_decisions_request_id: Option<u64>,
    /// Id of the pending REST request for reviews or the start of the stream. No event waits for its answer.
    pub(super) background_request_id: Option<u64>,
    /// Time of the last REST request. Initially, the time at which the join was confirmed.
    pub(super) last_rest_request_at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct ReaderQueue {
    events: VecDeque<Event>,
    /// Number of live events added to `events` since it was last empty.
    live_count_since_empty: usize,
    /// Number of events that the readers have room for. `None` after each delivery, until the readers report again.
    reader_capacity: Option<u64>,
}

impl NoLogFollower {
    pub(super) fn new(project: ProjectId, recent_decisions: Option<RecentDecisions>, waiting: WaitingEvents) -> Self {
        Self {
            project,
            recent_decisions,
            waiting,
            reader_queue: ReaderQueue::default(),
            connection: None,
            stream_start_request: None,
        }
    }

    /// Starts to follow the project, now that the join is confirmed. If a backfill is needed and possible, returns the
    /// time from which to start it; live events then wait for the answer. The returned time is a server time, because
    /// the client's clock may differ.
    pub(super) fn on_join_confirmed(
        &mut self,
        now: Now,
        join_sent_at: Now,
        missed: bool,
        backfills: bool,
        output: &mut FollowerOutput<'_>,
    ) -> Option<jiff::Timestamp> {
        self.connection = Some(NoLogConnection {
            join_sent_at,
            missed_decisions_request_id: None,
            background_request_id: None,
            last_rest_request_at: now.mono,
        });
        self.stream_start_request = None;
        let since =
            self.recent_decisions.as_ref().filter(|_| missed && backfills).and_then(RecentDecisions::complete_until);
        if since.is_none() {
            if missed | self.waiting.take_drop_flag() {
                self.report_gap(GapReason::Interrupted, now, output);
            }
            self.deliver_waiting(now, output);
        }
        since
    }

    /// Handles a live event of this project.
    #[inline]
    pub(super) fn on_event(&mut self, now: Now, event: Event, output: &mut FollowerOutput<'_>) {
        if self.connection.as_ref().is_none_or(|connection| connection.missed_decisions_request_id.is_some()) {
            self.waiting.push(event);
        } else {
            self.deliver_or_queue(now, event, output);
        }
    }

    pub(super) fn deliver_waiting(&mut self, now: Now, output: &mut FollowerOutput<'_>) {
        for event in self.waiting.take_all() {
            self.deliver_or_queue(now, event, output);
        }
    }

    /// Delivers an event after all queued events, unless the event repeats a backfilled decision or is older than the
    /// backfilled decision on the same item.
    #[inline]
    fn deliver_or_queue(&mut self, now: Now, event: Event, output: &mut FollowerOutput<'_>) {
        if let Some(recent) = &mut self.recent_decisions {
            if recent.is_backfill_echo(now.mono, &event) {
                output.counters.duplicates += 1;
                return;
            }
            recent.insert_event(&event);
        }
        if self.reader_queue.events.is_empty() {
            return output.deliver(event);
        }
        self.reader_queue.live_count_since_empty += 1;
        self.reader_queue.events.push_back(event);
        if self.reader_queue.live_count_since_empty > HELD_EVENTS_MAX {
            // A stream without room for all these events drops some and reports the loss, or ends.
            self.deliver_queued(usize::MAX, output);
        }
    }

    /// Reports missing events with a gap, which follows all queued events.
    pub(super) fn report_gap(&mut self, reason: GapReason, now: Now, output: &mut FollowerOutput<'_>) {
        let gap = Gap::new(self.project.clone(), reason, None, Meta::new(Origin::Live, now.wall)).into();
        if self.reader_queue.events.is_empty() {
            output.deliver_gap(gap);
        } else {
            self.reader_queue.events.push_back(gap);
        }
    }

    /// Returns `true` if events wait until readers have room.
    pub(crate) fn has_queued_events(&self) -> bool {
        !self.reader_queue.events.is_empty()
    }

    pub(super) fn queue_event(&mut self, event: Event) {
        self.reader_queue.events.push_back(event);
    }

    /// Delivers up to `max` queued events.
    pub(crate) fn deliver_queued(&mut self, max: usize, output: &mut FollowerOutput<'_>) {
        self.reader_queue.reader_capacity = None;
        let count = max.min(self.reader_queue.events.len());
        for event in self.reader_queue.events.drain(..count) {
            output.deliver_event_or_gap(event);
        }
        if self.reader_queue.events.is_empty() {
            self.reader_queue.live_count_since_empty = 0;
        }
    }

    /// Returns the number of events that the readers have room for, if known.
    pub(crate) fn reader_capacity(&self) -> Option<u64> {
        self.reader_queue.reader_capacity
    }

    pub(super) fn set_reader_capacity(&mut self, events: u64) {
        self.reader_queue.reader_capacity = Some(events);
    }

    #[cfg(test)]
    pub(super) fn entry_count(&self) -> usize {
        self.waiting.entry_count() + self.reader_queue.events.len()
    }

    /// Resets the state of the connection. Waiting events are kept until the next join, except decisions, which the
    /// next backfill returns or a gap covers.
    pub(super) fn on_membership_ended(&mut self) {
        self.connection = None;
        self.waiting.drop_decisions();
    }

    /// Forgets which live events would repeat backfilled events, because events sent on a lost connection no longer
    /// arrive. A leave must not have this effect, because such events may still arrive on the same connection.
    pub(super) fn forget_backfill_echoes(&mut self) {
        if let Some(recent) = &mut self.recent_decisions {
            recent.forget_backfill_echoes();
        }
    }

    /// Returns the time of the next request for reviews, `pause` after the last REST request.
    pub(crate) fn review_deadline(&self, pause: Duration) -> Option<Instant> {
        self.connection_without_request().map(|connection| connection.last_rest_request_at + pause)
    }

    /// Returns the connection if REST can be used and no REST request is pending.
    pub(super) fn connection_without_request(&self) -> Option<&NoLogConnection> {
        let idle = |connection: &&NoLogConnection| {
            connection.missed_decisions_request_id.is_none() && connection.background_request_id.is_none()
        };
        self.connection.as_ref().filter(|_| self.recent_decisions.is_some()).filter(idle)
    }
}
