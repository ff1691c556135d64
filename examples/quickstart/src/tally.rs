//! Counters of submitted and received items.

use std::collections::{HashMap, HashSet};

use automoderate::{ModerationUpdate, Origin};

#[derive(Default)]
pub(crate) struct Tally {
    submitted: HashSet<String>,
    received: HashMap<String, u32>,
    last_id: u64,
    out_of_order: u32,
    live_updates: u32,
    replayed_updates: u32,
}

impl Tally {
    pub(crate) fn record_submission(&mut self, content_id: String) {
        self.submitted.insert(content_id);
    }

    pub(crate) fn record_update(&mut self, update: &ModerationUpdate) {
        *self.received.entry(update.content_id.clone()).or_default() += 1;
        match update.meta.origin {
            Origin::Live => self.live_updates += 1,
            _ => self.replayed_updates += 1,
        }
        let id = update.meta.event_id.unwrap_or_default();
        if id <= self.last_id {
            self.out_of_order += 1;
        }
        self.last_id = id;
    }

    /// Returns true if a decision on each submitted item has arrived.
    pub(crate) fn is_complete(&self) -> bool {
        self.lost_count() == 0
    }

    pub(crate) fn submitted_count(&self) -> usize {
        self.submitted.len()
    }

    pub(crate) fn lost_count(&self) -> usize {
        self.submitted.iter().filter(|id| !self.received.contains_key(*id)).count()
    }

    pub(crate) fn duplicate_count(&self) -> usize {
        self.received.values().filter(|count| **count > 1).count()
    }

    pub(crate) fn live_count(&self) -> u32 {
        self.live_updates
    }

    pub(crate) fn replayed_count(&self) -> u32 {
        self.replayed_updates
    }

    /// Returns true if no decision was lost, repeated or out of order, and at least one was replayed after the cut.
    pub(crate) fn is_successful(&self) -> bool {
        self.lost_count() == 0 && self.duplicate_count() == 0 && self.out_of_order == 0 && self.replayed_updates > 0
    }
}
