//! A project whose server keeps no log: events pass as they come, and REST makes up for decisions that were missed.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{FollowerOutput, held::HELD_MAX, waiting::Waiting};
use crate::{
    events::{Event, Gap, GapReason, Meta, Origin, ProjectId},
    session::{Now, backfill::Recent},
};

#[derive(Debug)]
pub(crate) struct NoLogFollower {
    pub(super) project: ProjectId,
    /// `None` where REST can't be asked.
    pub(super) recent: Option<Recent>,
    /// Events that came before the join was confirmed again, or during a backfill.
    pub(super) waiting: Waiting,
    /// What REST has found, and what came after it, until readers have room.
    pub(super) pending: Pending,
    /// `None` until the join is confirmed again.
    pub(super) connection: Option<Connection>,
    /// The request to REST for where the stream starts, and when the join was sent, which is there. Its answer counts after
    /// the room is lost too, until the next join.
    pub(super) start: Option<(u64, Instant)>,
}

/// What belongs to one connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// When the join was sent: the server may have us in the room since then.
    pub(super) asked_to_join_at: Instant,
    /// The request to REST for what was missed. Live events wait for its answer.
    pub(super) backfill: Option<u64>,
    /// A request to REST for which no event waits.
    pub(super) reviews: Option<u64>,
    /// When REST was asked last, or the join was confirmed.
    pub(super) asked_at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    events: VecDeque<Event>,
    /// The number of live events among them.
    live: usize,
    /// The number of events that the readers have room for, until some are delivered.
    capacity: Option<u64>,
}

impl NoLogFollower {
    pub(super) fn new(project: ProjectId, recent: Option<Recent>, waiting: Waiting) -> Self {
        Self { project, recent, waiting, pending: Pending::default(), connection: None, start: None }
    }

    /// The join is confirmed. Returns since when a backfill is wanted: the server's time of the newest decision, because
    /// the clocks may differ. What came before the confirmation waits for it.
    pub(super) fn start(
        &mut self,
        now: Now,
        asked_to_join_at: Instant,
        missed: bool,
        backfills: bool,
        output: &mut FollowerOutput<'_>,
    ) -> Option<jiff::Timestamp> {
        self.connection = Some(Connection { asked_to_join_at, backfill: None, reviews: None, asked_at: now.mono });
        self.start = None;
        let since = self.recent.as_ref().filter(|_| missed && backfills).and_then(Recent::newest);
        if since.is_none() {
            if missed | self.waiting.take_dropped() {
                self.report_gap(GapReason::Interrupted, now, output);
            }
            self.deliver_waiting(now, output);
        }
        since
    }

    /// An event of this project arrived.
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

    /// Delivers an event that comes after all others, unless it repeats what REST has found.
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
            // The streams drop what is too much for their readers, and say so.
            self.deliver_pending(usize::MAX, output);
        }
    }

    /// Reports that events are missing, after all that came before.
    pub(super) fn report_gap(&mut self, reason: GapReason, now: Now, output: &mut FollowerOutput<'_>) {
        let gap = Gap::new(self.project.clone(), reason, None, Meta::new(Origin::Live, now.wall)).into();
        if self.pending.events.is_empty() {
            output.gap(gap);
        } else {
            self.pending.events.push_back(gap);
        }
    }

    /// Whether events wait for readers to have room.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.events.is_empty()
    }

    pub(super) fn push_pending(&mut self, event: Event) {
        self.pending.events.push_back(event);
    }

    /// Delivers up to so many events of what REST has found, and of what came after it.
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

    /// The number of events that the readers have room for, where that is known.
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

    pub(super) fn on_connection_lost(&mut self) {
        self.connection = None;
        self.waiting.drop_decisions();
        if let Some(recent) = &mut self.recent {
            recent.forget_echoes();
        }
    }

    /// When REST is to be asked for reviews, as often as every `pause`.
    pub(crate) fn review_deadline(&self, pause: Duration) -> Option<Instant> {
        self.idle().map(|connection| connection.asked_at + pause)
    }

    /// The connection, if REST can be asked and is not being asked.
    pub(super) fn idle(&self) -> Option<&Connection> {
        let idle = |connection: &&Connection| connection.backfill.is_none() && connection.reviews.is_none();
        self.connection.as_ref().filter(|_| self.recent.is_some()).filter(idle)
    }
}
