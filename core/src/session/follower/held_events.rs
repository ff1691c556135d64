//! Logged events that arrived too early, held until the events before them arrive.

use std::collections::BTreeMap;

use super::FollowerOutput;
use crate::events::Event;

/// Largest number of held events.
pub(super) const HELD_EVENTS_MAX: usize = 4096;
/// Largest total size of held events, in bytes. A single event may be larger.
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Held events by id. Any held event may be dropped at any time, because dropped events can be read from the log
/// instead.
#[derive(Debug, Default)]
pub(super) struct HeldEvents {
    events: BTreeMap<u64, Event>,
    bytes: usize,
    /// Id of the newest dropped event, or 0 if no event was dropped. The log must be read up to this id.
    newest_dropped_id: u64,
}

impl HeldEvents {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    #[cfg(test)]
    pub(super) fn entry_count(&self) -> usize {
        self.events.len()
    }

    /// Returns the id of the oldest held event.
    pub(super) fn first_id(&self) -> Option<u64> {
        self.events.keys().next().copied()
    }

    /// Returns the id of the newest held event.
    pub(super) fn last_id(&self) -> Option<u64> {
        self.events.keys().next_back().copied()
    }

    /// Returns the id of the newest dropped event, or 0 if no event was dropped.
    pub(super) fn newest_dropped_id(&self) -> u64 {
        self.newest_dropped_id
    }

    /// Holds an event. Malformed events are dropped, because the log may contain an intact copy. Events that are more
    /// than [`HELD_EVENTS_MAX`] ids ahead of `last` are dropped too, as are the newest events if the limits are
    /// exceeded. Returns `true` if no event was dropped.
    pub(super) fn insert(&mut self, id: u64, event: Event, last: Option<u64>, output: &mut FollowerOutput<'_>) -> bool {
        if matches!(event, Event::MalformedEvent(_)) {
            output.counters.malformed += 1;
            self.newest_dropped_id = self.newest_dropped_id.max(id);
            return false;
        }
        if last.is_some_and(|last| id.saturating_sub(last) > HELD_EVENTS_MAX as u64) {
            self.newest_dropped_id = self.newest_dropped_id.max(id);
            return false;
        }
        self.bytes += event.approximate_bytes();
        if let Some(known) = self.events.insert(id, event) {
            self.bytes -= known.approximate_bytes();
            output.counters.duplicates += 1;
        }
        let mut fits = true;
        while self.events.len() > HELD_EVENTS_MAX || (self.bytes > HELD_BYTES_MAX && self.events.len() > 1) {
            let Some((id, dropped)) = self.events.pop_last() else { break };
            self.bytes -= dropped.approximate_bytes();
            self.newest_dropped_id = self.newest_dropped_id.max(id);
            fits = false;
        }
        fits
    }

    /// Removes and returns the event whose id follows `last`, if this event is held. Drops events with lower ids.
    pub(super) fn take_next_after(&mut self, last: u64, output: &mut FollowerOutput<'_>) -> Option<Event> {
        while let Some(entry) = self.events.first_entry() {
            let id = *entry.key();
            if id > last + 1 {
                return None;
            }
            let event = entry.remove();
            self.bytes -= event.approximate_bytes();
            if id == last + 1 {
                return Some(event);
            }
            output.counters.duplicates += 1;
        }
        None
    }

    /// Drops the held events up to and including this id.
    pub(super) fn drop_up_to(&mut self, id: u64) {
        self.events.retain(|held, _| *held > id);
        self.bytes = self.events.values().map(Event::approximate_bytes).sum();
    }

    /// Merges held events into a page, up to the newest event of the page. Held events take precedence over the page's
    /// copies of the same events, and fill holes in the page.
    pub(super) fn merge_into(&mut self, page: Vec<Event>) -> Vec<Event> {
        let newest = page.iter().rev().find_map(Event::event_id).unwrap_or(0);
        if self.first_id().is_none_or(|first| first > newest) {
            return page;
        }
        let later = self.events.split_off(&(newest + 1));
        let mut held = std::mem::replace(&mut self.events, later).into_iter().peekable();
        let mut merged = Vec::with_capacity(page.len());
        for event in page {
            let Some(id) = event.event_id() else {
                merged.push(event);
                continue;
            };
            while let Some((_, earlier)) = held.next_if(|(held, _)| *held < id) {
                self.bytes -= earlier.approximate_bytes();
                merged.push(earlier);
            }
            let live = held.next_if(|(held, _)| *held == id).map(|(_, live)| live);
            self.bytes -= live.as_ref().map_or(0, Event::approximate_bytes);
            merged.push(live.unwrap_or(event));
        }
        merged
    }

    pub(super) fn into_events(self) -> impl Iterator<Item = Event> {
        self.events.into_values()
    }
}
