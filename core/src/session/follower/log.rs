//! Follower of a project whose server has an event log. It delivers each event once and in order, according to the ids.
//!
//! The ids of a project are 1, 2, 3, … A single number therefore describes all delivered events, which is enough to
//! drop duplicates and detect holes. Servers publish concurrently, so the follower waits briefly before it reads a hole
//! from the log.

use std::time::Instant;

use super::{FollowerOutput, held::HeldEvents};
use crate::{
    events::{Cursor, Event, ProjectId},
    session::{LogReader, Now, log_reader::PageAttempts},
};

#[derive(Debug)]
pub(crate) struct LogFollower {
    pub(super) reader: LogReader,
    /// Newest id known to exist.
    pub(super) seen: u64,
    /// Newest id to read from the log now.
    pub(super) target: u64,
    pub(super) held: HeldEvents,
    /// `None` until the join is confirmed.
    pub(super) connection: Option<LogConnection>,
}

/// State of the follower on one connection.
#[derive(Debug, Default)]
pub(super) struct LogConnection {
    pub(super) attempts: PageAttempts,
    /// Time since which live ids have a hole, if they have one.
    pub(super) hole_since: Option<Instant>,
    /// Number of events that the readers have room for. `None` after each page request, until the readers report again.
    pub(super) capacity: Option<u64>,
}

impl LogFollower {
    /// Creates a follower that starts after `position`. `held` contains the events that arrived before the join was
    /// confirmed.
    pub(super) fn new(project: ProjectId, position: Cursor, held: HeldEvents) -> Self {
        Self { reader: LogReader::new(project, position), seen: 0, target: 0, held, connection: None }
    }

    pub(super) fn last(&self) -> u64 {
        self.reader.last()
    }

    /// Starts to follow the log, whose head is `head`, because the join is confirmed.
    pub(super) fn start(&mut self, head: u64, now: Now, output: &mut FollowerOutput<'_>) {
        self.target = head.max(self.held.dropped());
        self.seen = self.target.max(self.held.last().unwrap_or(0));
        self.connection = Some(LogConnection::default());
        self.deliver_held(now, output);
    }

    /// Handles a live event of this project.
    #[inline]
    pub(super) fn on_event(&mut self, now: Now, mut event: Event, output: &mut FollowerOutput<'_>) {
        let Some(id) = event.event_id() else { return output.deliver(event) };
        if let Some(connection) = &self.connection {
            let last = self.reader.last();
            if id <= last {
                output.counters.duplicates += 1;
                return;
            }
            if id == last + 1 && !connection.attempts.is_requested() && !matches!(event, Event::MalformedEvent(_)) {
                let has_hole = !self.held.is_empty() || connection.hole_since.is_some();
                self.reader.advance(id, &mut event);
                output.deliver(event);
                self.seen = self.seen.max(id);
                if has_hole {
                    self.deliver_held(now, output);
                }
                return;
            }
        }
        self.hold(now, id, event, output);
    }

    fn hold(&mut self, now: Now, id: u64, event: Event, output: &mut FollowerOutput<'_>) {
        let is_damaged = matches!(event, Event::MalformedEvent(_));
        self.seen = self.seen.max(id);
        if !self.held.insert(id, event, Some(self.last()), output) {
            self.target = self.seen;
        }
        if let Some(connection) = self.connection.as_mut().filter(|_| !is_damaged && !self.held.is_empty()) {
            connection.hole_since.get_or_insert(now.mono);
        }
    }

    /// Delivers the held events that follow without a hole. Then starts or ends the wait for the next hole.
    pub(super) fn deliver_held(&mut self, now: Now, output: &mut FollowerOutput<'_>) {
        while let Some(mut event) = self.held.next_after(self.reader.last(), output) {
            let next = self.reader.last() + 1;
            self.reader.advance(next, &mut event);
            output.deliver(event);
        }
        let Some(connection) = &mut self.connection else { return };
        if self.held.is_empty() {
            connection.hole_since = None;
        } else {
            connection.hole_since.get_or_insert(now.mono);
        }
    }

    /// Drops the held events, which will be read from the log.
    pub(super) fn on_left(&mut self) {
        self.connection = None;
        self.held = HeldEvents::default();
    }
}
