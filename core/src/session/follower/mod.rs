//! Follows one project's events so that each is delivered once and in order, across interruptions.
//!
//! How depends on the server, which says at each join whether it keeps the project's events in a log. What is missing
//! for good appears as a [`Gap`](crate::Gap).

mod backfill;
mod held;
mod joined;
mod log;
mod no_log;
mod pages;
mod unjoined;
mod waiting;

pub(crate) use log::LogFollower;
pub(crate) use no_log::NoLogFollower;

use self::unjoined::Unjoined;
use super::{Metrics, Now, Outbox};
use crate::events::{Cursor, Event, Origin, ProjectId};

/// Where a follower writes its events.
pub(crate) struct FollowerOutput<'a> {
    pub(crate) out: &'a mut Outbox,
    pub(crate) counters: &'a mut Metrics,
}

impl FollowerOutput<'_> {
    /// Hands an event to the streams.
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
        self.out.run().push_back(event);
    }

    fn gap(&mut self, gap: Event) {
        self.counters.gaps += 1;
        self.out.run().push_back(gap);
    }

    fn deliver_or_gap(&mut self, event: Event) {
        if matches!(event, Event::Gap(_)) { self.gap(event) } else { self.deliver(event) }
    }
}

/// The state of one project's events.
#[derive(Debug)]
pub(crate) struct Follower {
    project: ProjectId,
    can_ask_rest: bool,
    /// Whether the streams know the position at which they start.
    has_position: bool,
    state: State,
}

/// How the server keeps this project's events, as the last join told.
#[derive(Debug)]
enum State {
    Unjoined(Unjoined),
    Log(LogFollower),
    NoLog(Box<NoLogFollower>),
}

impl Follower {
    /// `after` is the user's cursor. `can_ask_rest` keeps what a backfill needs to tell what was delivered before.
    pub(crate) fn new(project: ProjectId, after: Option<Cursor>, can_ask_rest: bool) -> Self {
        Self { project, can_ask_rest, has_position: false, state: State::Unjoined(Unjoined::new(after)) }
    }

    /// The follower of a log, if the last join told of one.
    pub(crate) fn log(&self) -> Option<&LogFollower> {
        if let State::Log(log) = &self.state { Some(log) } else { None }
    }

    pub(crate) fn log_mut(&mut self) -> Option<&mut LogFollower> {
        if let State::Log(log) = &mut self.state { Some(log) } else { None }
    }

    /// The follower without a log, if the last join told of none.
    pub(crate) fn no_log(&self) -> Option<&NoLogFollower> {
        if let State::NoLog(no_log) = &self.state { Some(no_log) } else { None }
    }

    pub(crate) fn no_log_mut(&mut self) -> Option<&mut NoLogFollower> {
        if let State::NoLog(no_log) = &mut self.state { Some(no_log) } else { None }
    }

    /// The number of events that wait in it.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        match &self.state {
            State::Unjoined(unjoined) => unjoined.held.size() + unjoined.waiting.size(),
            State::Log(log) => log.held.size(),
            State::NoLog(no_log) => no_log.size(),
        }
    }

    /// An event of this project arrived.
    #[inline]
    pub(crate) fn on_event(&mut self, now: Now, event: Event, output: &mut FollowerOutput<'_>) {
        match &mut self.state {
            State::Log(log) => log.on_event(now, event, output),
            State::NoLog(no_log) => no_log.on_event(now, event, output),
            State::Unjoined(unjoined) => unjoined.on_event(event, output),
        }
    }

    /// The readers have room for so many events of a replay or backfill.
    pub(crate) fn set_capacity(&mut self, events: u64) {
        match &mut self.state {
            State::Log(log) => log.set_capacity(events),
            State::NoLog(no_log) => no_log.set_capacity(events),
            State::Unjoined(_) => {}
        }
    }

    /// The connection is gone, or the server dropped the room.
    pub(crate) fn on_connection_lost(&mut self) {
        match &mut self.state {
            State::Log(log) => log.on_connection_lost(),
            State::NoLog(no_log) => no_log.on_connection_lost(),
            State::Unjoined(unjoined) => unjoined.on_connection_lost(),
        }
    }
}
