//! Follower of a project whose server has no event log. It delivers events as they arrive, and REST recovers missed
//! decisions.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{FollowerOutput, held::HELD_MAX, waiting::WaitingEvents};
use crate::{
    events::{Event, Gap, GapReason, Meta, Origin, ProjectId},
    session::{Now, recent_decisions::RecentDecisions},
};

#[derive(Debug)]
pub(crate) struct NoLogFollower {
    pub(super) project: ProjectId,
    /// `None` if REST cannot be used.
    pub(super) recent: Option<RecentDecisions>,
    /// Events that arrived before the join was confirmed again, or during a backfill.
    pub(super) waiting: WaitingEvents,
    /// Events returned by REST, and later events, until the readers have room for them.
    pub(super) pending: Pending,
    /// `None` until the join is confirmed again.
    pub(super) connection: Option<NoLogConnection>,
    /// Id of the pending request to REST for the start of the stream, and the time at which the join was sent. The
    /// answer stays valid after the client leaves the room, until the next join.
    pub(super) start: Option<(u64, Now)>,
}

/// State of the follower on one connection.
#[derive(Debug)]
pub(super) struct NoLogConnection {
    /// Time at which the join was sent. The client may have been in the room since then.
    pub(super) join_sent_at: Now,
    /// Id of the pending request to REST for missed decisions. Live events wait for its answer.
    pub(super) backfill: Option<u64>,
    /// Id of the pending request to REST for reviews or the start of the stream. No event waits for its answer.
    pub(super) reviews: Option<u64>,
    /// Time of the last request to REST or, before the first one, of the join's confirmation.
    pub(super) asked_at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    events: VecDeque<Event>,
    /// Number of live events among `events`.
    live: usize,
    /// Number of events that the readers have room for. `None` after each delivery, until the readers report again.
    capacity: Option<u64>,
}

impl NoLogFollower {
    pub(super) fn new(project: ProjectId, recent: Option<RecentDecisions>, waiting: WaitingEvents) -> Self {
        Self { project, recent, waiting, pending: Pending::default(), connection: None, start: None }
    }

    /// Starts to follow the project, because the join is confirmed. If a backfill is needed, returns its start, and
    /// live events wait for it. The start is the server time of the newest decision, because the client's clock may
    /// differ.
    pub(super) fn start(
        &mut self,
        now: Now,
        join_sent_at: Now,
        missed: bool,
        backfills: bool,
        output: &mut FollowerOutput<'_>,
    ) -> Option<jiff::Timestamp> {
        self.connection = Some(NoLogConnection { join_sent_at, backfill: None, reviews: None, asked_at: now.mono });
        self.start = None;
        let since = self.recent.as_ref().filter(|_| missed && backfills).and_then(RecentDecisions::newest);
        if since.is_none() {
            if missed | self.waiting.take_dropped() {
                self.report_gap(GapReason::Interrupted, now, output);
            }
            self.deliver_waiting(now, output);
        }
        since
    }

    /// Handles a live event of this project.
    #[inline]
    pub(super) fn on_event(&mut self, now: Now, event: Event, output: &mut FollowerOutput<'_>) {
        if self.connection.as_ref().is_none_or(|connection| connection.backfill.is_some()) {
            self.waiting.push(event);
        } else {
            self.follow(now, event, output);
        }
    }

    pub(super) fn deliver_waiting(&mut self, now: Now, output: &mut FollowerOutput<'_>) {
        for event in self.waiting.take() {
            self.follow(now, event, output);
        }
    }

    /// Delivers an event after all pending ones, unless it repeats a backfilled decision.
    #[inline]
    fn follow(&mut self, now: Now, event: Event, output: &mut FollowerOutput<'_>) {
        if let Some(recent) = &mut self.recent {
            if recent.is_echo(now.mono, &event) {
                output.counters.duplicates += 1;
                return;
            }
            recent.insert_event(&event);
        }
        if self.pending.events.is_empty() {
            return output.deliver(event);
        }
        self.pending.live += 1;
        self.pending.events.push_back(event);
        if self.pending.live > HELD_MAX {
            // The streams drop the events that their readers have no room for, and report the loss.
            self.deliver_pending(usize::MAX, output);
        }
    }

    /// Reports missing events with a gap after all pending events.
    pub(super) fn report_gap(&mut self, reason: GapReason, now: Now, output: &mut FollowerOutput<'_>) {
        let gap = Gap::new(self.project.clone(), reason, None, Meta::new(Origin::Live, now.wall)).into();
        if self.pending.events.is_empty() {
            output.gap(gap);
        } else {
            self.pending.events.push_back(gap);
        }
    }

    /// Returns `true` if events wait until readers have room.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.events.is_empty()
    }

    pub(super) fn push_pending(&mut self, event: Event) {
        self.pending.events.push_back(event);
    }

    /// Delivers up to `max` pending events.
    pub(crate) fn deliver_pending(&mut self, max: usize, output: &mut FollowerOutput<'_>) {
        self.pending.capacity = None;
        let count = max.min(self.pending.events.len());
        for event in self.pending.events.drain(..count) {
            output.deliver_or_gap(event);
        }
        if self.pending.events.is_empty() {
            self.pending.live = 0;
        }
    }

    /// Returns the number of events that the readers have room for, if known.
    pub(crate) fn capacity(&self) -> Option<u64> {
        self.pending.capacity
    }

    pub(super) fn set_capacity(&mut self, events: u64) {
        self.pending.capacity = Some(events);
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.waiting.size() + self.pending.events.len()
    }

    /// Resets the state of the connection. Waiting events are kept until the next join, except decisions, which REST
    /// returns again.
    pub(super) fn on_left(&mut self) {
        self.connection = None;
        self.waiting.drop_decisions();
    }

    /// Forgets which live events would repeat backfilled ones, because events of a lost connection no longer arrive.
    /// After a mere leave they may still arrive.
    pub(super) fn forget_echoes(&mut self) {
        if let Some(recent) = &mut self.recent {
            recent.forget_echoes();
        }
    }

    /// Returns the time of the next request for reviews. Requests are `pause` apart.
    pub(crate) fn review_deadline(&self, pause: Duration) -> Option<Instant> {
        self.idle().map(|connection| connection.asked_at + pause)
    }

    /// Returns the connection, if REST can be used and no request is pending.
    pub(super) fn idle(&self) -> Option<&NoLogConnection> {
        let idle = |connection: &&NoLogConnection| connection.backfill.is_none() && connection.reviews.is_none();
        self.connection.as_ref().filter(|_| self.recent.is_some()).filter(idle)
    }
}
