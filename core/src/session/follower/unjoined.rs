//! Follower before the first confirmed join, when it is not yet known whether the server has a log.

use super::{FollowerOutput, held::HeldEvents, waiting::WaitingEvents};
use crate::events::{Cursor, Event};

#[derive(Debug, Default)]
pub(super) struct Unjoined {
    /// Cursor that the user passed to the join.
    pub(super) after: Option<Cursor>,
    /// Events with an id that arrived before the confirmation.
    pub(super) held: HeldEvents,
    /// Events without an id that arrived before the confirmation.
    pub(super) waiting: WaitingEvents,
}

impl Unjoined {
    pub(super) fn new(after: Option<Cursor>) -> Self {
        Self { after, ..Self::default() }
    }

    pub(super) fn on_event(&mut self, event: Event, output: &mut FollowerOutput<'_>) {
        match event.event_id() {
            Some(id) => {
                let last = self.after.as_ref().map(|after| after.event_id);
                self.held.insert(id, event, last, output);
            }
            None => self.waiting.push(event),
        }
    }

    /// Drops everything that arrived before the join was confirmed.
    pub(super) fn on_left(&mut self) {
        (self.held, self.waiting) = (HeldEvents::default(), WaitingEvents::default());
    }
}
