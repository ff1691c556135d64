//! Follower of one project. It delivers each event once and in order, across interruptions.
//!
//! The confirmation of each join shows whether the server has an event log. The follower then recovers missed events
//! from the log, or missed decisions through REST. Unrecoverable loss appears as a [`Gap`](crate::Gap).

mod backfill;
mod held_events;
mod join_transitions;
mod log;
mod log_pages;
mod no_log;
mod unjoined;
mod waiting_events;

pub(crate) use log::LogFollower;
pub(crate) use no_log::NoLogFollower;

use self::unjoined::UnjoinedFollower;
use super::{Metrics, Now, Outputs};
use crate::events::{Cursor, Event, Origin, ProjectId};

/// Destination of a follower's events.
pub(crate) struct FollowerOutput<'a> {
    pub(crate) outputs: &'a mut Outputs,
    pub(crate) counters: &'a mut Metrics,
}

impl FollowerOutput<'_> {
    /// Delivers an event to the streams.
    #[inline]
    pub(crate) fn deliver(&mut self, event: Event) {
        let counters = &mut *self.counters;
        counters.events += 1;
        match event.meta().origin {
            Origin::Live => {}
            Origin::Replay => counters.replayed += 1,
            Origin::Backfill => counters.backfilled += 1,
        }
        if matches!(event, Event::MalformedEvent(_)) {
            counters.malformed += 1;
        }
        self.outputs.last_batch().push_back(event);
    }

    fn deliver_gap(&mut self, gap: Event) {
        self.counters.gaps += 1;
        self.outputs.last_batch().push_back(gap);
    }

    fn deliver_event_or_gap(&mut self, event: Event) {
        if matches!(event, Event::Gap(_)) { self.deliver_gap(event) } else { self.deliver(event) }
    }
}

#[derive(Debug)]
pub(crate) struct Follower {
    project: ProjectId,
    can_ask_rest: bool,
    /// True if the streams have received the position at which they start.
    has_reported_start: bool,
    state: FollowerState,
}

/// State of a follower, which depends on whether the server had a log at the last join.
#[derive(Debug)]
enum FollowerState {
    Unjoined(UnjoinedFollower),
    Log(LogFollower),
    NoLog(Box<NoLogFollower>),
}

impl Follower {
    /// Creates a follower. `after` is the user's cursor. If `can_ask_rest` is true and the server has no log, delivered
    /// decisions are remembered for backfills.
    pub(crate) fn new(project: ProjectId, after: Option<Cursor>, can_ask_rest: bool) -> Self {
        Self {
            project,
            can_ask_rest,
            has_reported_start: false,
            state: FollowerState::Unjoined(UnjoinedFollower::new(after)),
        }
    }

    /// Returns the follower of the log if the server had a log at the last join.
    pub(crate) fn log(&self) -> Option<&LogFollower> {
        if let FollowerState::Log(log) = &self.state { Some(log) } else { None }
    }

    pub(crate) fn log_mut(&mut self) -> Option<&mut LogFollower> {
        if let FollowerState::Log(log) = &mut self.state { Some(log) } else { None }
    }

    /// Returns the follower without a log if the server had no log at the last join.
    pub(crate) fn no_log(&self) -> Option<&NoLogFollower> {
        if let FollowerState::NoLog(no_log) = &self.state { Some(no_log) } else { None }
    }

    pub(crate) fn no_log_mut(&mut self) -> Option<&mut NoLogFollower> {
        if let FollowerState::NoLog(no_log) = &mut self.state { Some(no_log) } else { None }
    }

    /// Returns the number of events that are held back.
    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        match &self.state {
            FollowerState::Unjoined(unjoined) => unjoined.held.entry_count() + unjoined.waiting.entry_count(),
            FollowerState::Log(log) => log.held.entry_count(),
            FollowerState::NoLog(no_log) => no_log.entry_count(),
        }
    }

    /// Handles a live event of this project.
    #[inline]
    pub(crate) fn on_event(&mut self, now: Now, event: Event, output: &mut FollowerOutput<'_>) {
        match &mut self.state {
            FollowerState::Log(log) => log.on_event(now, event, output),
            FollowerState::NoLog(no_log) => no_log.on_event(now, event, output),
            FollowerState::Unjoined(unjoined) => unjoined.on_event(event, output),
        }
    }

    /// Sets the number of replayed or backfilled events that the readers have room for.
    pub(crate) fn set_reader_capacity(&mut self, events: u64) {
        match &mut self.state {
            FollowerState::Log(log) => log.set_reader_capacity(events),
            FollowerState::NoLog(no_log) => no_log.set_reader_capacity(events),
            FollowerState::Unjoined(_) => {}
        }
    }

    pub(crate) fn on_membership_ended(&mut self) {
        match &mut self.state {
            FollowerState::Log(log) => log.on_membership_ended(),
            FollowerState::NoLog(no_log) => no_log.on_membership_ended(),
            FollowerState::Unjoined(unjoined) => unjoined.on_membership_ended(),
        }
    }

    pub(crate) fn on_connection_lost(&mut self) {
        self.on_membership_ended();
        if let FollowerState::NoLog(no_log) = &mut self.state {
            no_log.forget_backfill_echoes();
        }
    }
}
