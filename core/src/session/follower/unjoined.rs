//! A project before its first join is confirmed: nobody knows yet whether its server keeps a log.

use super::{FollowerOutput, held::Held, waiting::Waiting};
use crate::events::{Cursor, Event};

#[derive(Debug, Default)]
pub(super) struct Unjoined {
    /// The user's cursor.
    pub(super) after: Option<Cursor>,
    /// What arrived before the confirmation: with an id, and without.
    pub(super) held: Held,
    pub(super) waiting: Waiting,
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

    /// The connection is gone. Before a join was confirmed, nothing counts.
    pub(super) fn on_connection_lost(&mut self) {
        (self.held, self.waiting) = (Held::default(), Waiting::default());
    }
}
