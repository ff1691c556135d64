//! Follower of a project whose server has no log: events are delivered as they arrive, and REST recovers missed
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
    /// `None` if REST is not usable.
    pub(super) recent: Option<RecentDecisions>,
    /// Events that arrived before the join was confirmed again, or during a backfill.
    pub(super) waiting: WaitingEvents,
    /// Events returned by REST, and later ones, that wait for readers with room.
    pub(super) pending: Pending,
    /// `None` until the join is confirmed again.
    pub(super) connection: Option<NoLogConnection>,
    /// Pending request to REST for the start of the stream, and the time at which the join was sent, which is that start.
    /// Its answer stays valid without the room, until the next join.
    pub(super) start: Option<(u64, Now)>,
}

/// FollowerState of one connection.
#[derive(Debug)]
pub(super) struct NoLogConnection {
    /// Time at which the join was sent: the client may be in the room since then.
    pub(super) join_sent_at: Now,
    /// Pending request to REST for missed decisions. Live events wait for its answer.
    pub(super) backfill: Option<u64>,
    /// Pending request to REST for which no event waits.
    pub(super) reviews: Option<u64>,
    /// Time of the last request to REST, or of the join's confirmation.
    pub(super) asked_at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    events: VecDeque<Event>,
    /// Number of live events among them.
    live: usize,
    /// Number of events that the readers have room for, until some are delivered.
    capacity: Option<u64>,
}

impl NoLogFollower {
    pub(super) fn new(project: ProjectId, recent: Option<RecentDecisions>, waiting: WaitingEvents) -> Self {
        Self { project, recent, waiting, pending: Pending::default(), connection: None, start: None }
    }

    /// Starts after the join is confirmed. Returns the start of the backfill, if one is needed: the newest decision in
    /// server time, because clocks may differ. Earlier events wait for the backfill.
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

    /// Handles an event of this project.
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

    /// Delivers an event after all others, unless it repeats a backfilled one.
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
            // The streams drop what their readers have no room for, and report that.
            self.deliver_pending(usize::MAX, output);
        }
    }

    /// Reports missing events, after all earlier events.
    pub(super) fn report_gap(&mut self, reason: GapReason, now: Now, output: &mut FollowerOutput<'_>) {
        let gap = Gap::new(self.project.clone(), reason, None, Meta::new(Origin::Live, now.wall)).into();
        if self.pending.events.is_empty() {
            output.gap(gap);
        } else {
            self.pending.events.push_back(gap);
        }
    }

    /// Returns `true` if events wait for readers with room.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.events.is_empty()
    }

    pub(super) fn push_pending(&mut self, event: Event) {
        self.pending.events.push_back(event);
    }

    /// Delivers up to `max` backfilled and later events.
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

    /// Number of events that the readers have room for, if known.
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

    /// Keeps what is delivered after the next join, except decisions, which REST repeats.
    pub(super) fn on_left(&mut self) {
        self.connection = None;
        self.waiting.drop_decisions();
    }

    /// Forgets which live events would repeat a backfill: those of a lost connection no longer arrive. Those of a room that
    /// was left may, if the client was still in it.
    pub(super) fn forget_echoes(&mut self) {
        if let Some(recent) = &mut self.recent {
            recent.forget_echoes();
        }
    }

    /// Time of the next request for reviews, every `pause`.
    pub(crate) fn review_deadline(&self, pause: Duration) -> Option<Instant> {
        self.idle().map(|connection| connection.asked_at + pause)
    }

    /// The connection, if REST is usable and no request is pending.
    pub(super) fn idle(&self) -> Option<&NoLogConnection> {
        let idle = |connection: &&NoLogConnection| connection.backfill.is_none() && connection.reviews.is_none();
        self.connection.as_ref().filter(|_| self.recent.is_some()).filter(idle)
    }
}
