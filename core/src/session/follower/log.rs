//! Follower of a project whose server has an event log. It delivers each logged event once and in the order of the ids.
//!
//! The ids of a project's events are 1, 2, 3, … The id of the last delivered event therefore identifies all delivered
//! events, which is enough to drop duplicates and detect holes. Some servers publish concurrently, so events may arrive
//! out of order, and the follower waits briefly before it reads missing events from the log.

use std::time::Instant;

use super::{FollowerOutput, held_events::HeldEvents};
use crate::{
    events::{Cursor, Event, ProjectId},
    session::{LogReader, Now, log_reader::PageAttempts},
};

#[derive(Debug)]
pub(crate) struct LogFollower {
    pub(super) reader: LogReader,
    /// Newest id that is known to exist in the log.
    pub(super) newest_seen_id: u64,
    /// Id up to which the log must be read now.
    pub(super) read_until_id: u64,
    pub(super) held: HeldEvents,
    /// State on the current connection. `None` until the join is confirmed.
    pub(super) connection: Option<LogConnection>,
}

/// State of the follower on one connection.
#[derive(Debug, Default)]
pub(super) struct LogConnection {
    pub(super) page_attempts: PageAttempts,
    /// Time at which the follower began to wait for the missing events of a hole; `None` if it is not waiting.
    pub(super) hole_since: Option<Instant>,
    /// Number of events that the readers have room for. `None` after each page request, until the readers report again.
    pub(super) reader_capacity: Option<u64>,
}

impl LogFollower {
    /// Creates a follower that starts after `position`. `held` contains the events that arrived before the join was
    /// confirmed.
    pub(super) fn new(project: ProjectId, position: Cursor, held: HeldEvents) -> Self {
        Self { reader: LogReader::new(project, position), newest_seen_id: 0, read_until_id: 0, held, connection: None }
    }

    pub(super) fn last_read_id(&self) -> u64 {
        self.reader.last_read_id()
    }

    /// Starts to follow a log with this head, now that the join is confirmed.
    pub(super) fn on_join_confirmed(&mut self, head: u64, now: Now, output: &mut FollowerOutput<'_>) {
        self.read_until_id = head.max(self.held.newest_dropped_id());
        self.newest_seen_id = self.read_until_id.max(self.held.last_id().unwrap_or(0));
        self.connection = Some(LogConnection::default());
        self.deliver_held(now, output);
    }

    /// Handles a live event of this project.
    #[inline]
    pub(super) fn on_event(&mut self, now: Now, mut event: Event, output: &mut FollowerOutput<'_>) {
        let Some(id) = event.event_id() else { return output.deliver(event) };
        if let Some(connection) = &self.connection {
            let last = self.reader.last_read_id();
            if id <= last {
                output.counters.duplicates += 1;
                return;
            }
            if id == last + 1 && !connection.page_attempts.is_pending() && !matches!(event, Event::MalformedEvent(_)) {
                let has_hole = !self.held.is_empty() || connection.hole_since.is_some();
                self.reader.advance(id, &mut event);
                output.deliver(event);
                self.newest_seen_id = self.newest_seen_id.max(id);
                if has_hole {
                    self.deliver_held(now, output);
                }
                return;
            }
        }
        self.hold_event(now, id, event, output);
    }

    fn hold_event(&mut self, now: Now, id: u64, event: Event, output: &mut FollowerOutput<'_>) {
        let is_damaged = matches!(event, Event::MalformedEvent(_));
        self.newest_seen_id = self.newest_seen_id.max(id);
        if !self.held.insert(id, event, Some(self.last_read_id()), output) {
            self.read_until_id = self.newest_seen_id;
        }
        if let Some(connection) = self.connection.as_mut().filter(|_| !is_damaged && !self.held.is_empty()) {
            connection.hole_since.get_or_insert(now.mono);
        }
    }

    /// Delivers held events up to the next hole. Starts to wait for the events missing there, or stops waiting if there
    /// is no hole.
    pub(super) fn deliver_held(&mut self, now: Now, output: &mut FollowerOutput<'_>) {
        while let Some(mut event) = self.held.take_next_after(self.reader.last_read_id(), output) {
            let next = self.reader.last_read_id() + 1;
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

    /// Ends the membership and drops the held events, which can be read from the log after the next join.
    pub(super) fn on_membership_ended(&mut self) {
        self.connection = None;
        self.held = HeldEvents::default();
    }
}
