//! Follower before the first confirmed join, when it is not yet known whether the server has a log.

use super::{FollowerOutput, held_events::HeldEvents, waiting_events::WaitingEvents};
use crate::events::{Cursor, Event};

#[derive(Debug, Default)]
pub(super) struct UnjoinedFollower {
    /// Cursor that the user passed to the join.
    pub(super) cursor: Option<Cursor>,
    /// Events that have an id and arrived before the join was confirmed.
    pub(super) held: HeldEvents,
    /// Events that have no id and arrived before the join was confirmed.
    pub(super) waiting: WaitingEvents,
}

impl UnjoinedFollower {
    pub(super) fn new(cursor: Option<Cursor>) -> Self {
        Self { cursor, ..Self::default() }
    }

    pub(super) fn on_event(&mut self, event: Event, output: &mut FollowerOutput<'_>) {
        match event.event_id() {
            Some(id) => {
                let last = self.cursor.as_ref().map(|cursor| cursor.event_id);
                self.held.insert(id, event, last, output);
            }
            None => self.waiting.push(event),
        }
    }

    /// Drops everything that arrived before the join was confirmed.
    pub(super) fn on_membership_ended(&mut self) {
        (self.held, self.waiting) = (HeldEvents::default(), WaitingEvents::default());
    }
}
