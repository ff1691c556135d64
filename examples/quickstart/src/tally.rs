//! Counts what was submitted and what arrived.

use std::collections::{HashMap, HashSet};

use automoderate::{ModerationUpdate, Origin};

/// The figures of the demo.
#[derive(Default)]
pub(crate) struct Tally {
    submitted: HashSet<String>,
    received: HashMap<String, u32>,
    last_id: u64,
    out_of_order: u32,
    live: u32,
    replayed: u32,
}

impl Tally {
    pub(crate) fn submitted_one(&mut self, content_id: String) {
        self.submitted.insert(content_id);
    }

    pub(crate) fn received_one(&mut self, update: &ModerationUpdate) {
        *self.received.entry(update.content_id.clone()).or_default() += 1;
        match update.meta.origin {
            Origin::Live => self.live += 1,
            _ => self.replayed += 1,
        }
        let id = update.meta.event_id.unwrap_or_default();
        if id <= self.last_id {
            self.out_of_order += 1;
        }
        self.last_id = id;
    }

    /// True if everything submitted has arrived.
    pub(crate) fn complete(&self) -> bool {
        self.lost() == 0
    }

    pub(crate) fn submitted(&self) -> usize {
        self.submitted.len()
    }

    pub(crate) fn lost(&self) -> usize {
        self.submitted.iter().filter(|id| !self.received.contains_key(*id)).count()
    }

    pub(crate) fn twice(&self) -> usize {
        self.received.values().filter(|count| **count > 1).count()
    }

    pub(crate) fn live(&self) -> u32 {
        self.live
    }

    pub(crate) fn replayed(&self) -> u32 {
        self.replayed
    }

    /// Nothing lost, nothing twice, nothing out of order, and the cut took effect.
    pub(crate) fn good(&self) -> bool {
        self.lost() == 0 && self.twice() == 0 && self.out_of_order == 0 && self.replayed > 0
    }
}
