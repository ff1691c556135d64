//! Events that wait for the confirmation of a join or for a backfill.

use std::collections::VecDeque;

use super::held_events::HELD_EVENTS_MAX;
use crate::events::Event;

#[derive(Debug, Default)]
pub(super) struct WaitingEvents {
    events: VecDeque<Event>,
    /// True if events were dropped because too many were waiting, and the loss has not been reported yet.
    has_dropped: bool,
}

impl WaitingEvents {
    #[cfg(test)]
    pub(super) fn entry_count(&self) -> usize {
        self.events.len()
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.events.len() >= HELD_EVENTS_MAX {
            self.events.pop_front();
            self.has_dropped = true;
        }
        self.events.push_back(event);
    }

    pub(super) fn extend(&mut self, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| self.push(event));
    }

    /// Returns `true` if events have been dropped since the last call because too many were waiting.
    pub(super) fn take_drop_flag(&mut self) -> bool {
        std::mem::take(&mut self.has_dropped)
    }

    pub(super) fn take_all(&mut self) -> VecDeque<Event> {
        std::mem::take(&mut self.events)
    }

    /// Drops decisions, because the next backfill returns them or a gap covers them. Keeps other events.
    pub(super) fn drop_decisions(&mut self) {
        self.events.retain(|event| !matches!(event, Event::ModerationUpdate(_)));
    }
}
