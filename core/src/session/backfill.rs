//! Making up by REST for what an interruption cost, on servers without an event log.

use std::collections::{HashSet, VecDeque};

use crate::events::{Event, ModerationUpdate};

/// How many decisions are remembered to tell what was delivered before.
const REMEMBERED: usize = 1024;

/// The decisions delivered lately, by content and status, and the newest of their timestamps.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    seen: HashSet<(String, String)>,
    order: VecDeque<(String, String)>,
    newest: Option<jiff::Timestamp>,
}

impl Recent {
    /// Remembers a decision; false if it was remembered before.
    pub(crate) fn insert(&mut self, update: &ModerationUpdate) -> bool {
        let key = (update.content_id.clone(), update.status.as_str().to_owned());
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.newest = self.newest.max(update.timestamp.instant());
        true
    }

    /// Remembers the event if it is a decision; false if it is one that was remembered before.
    pub(crate) fn insert_event(&mut self, event: &Event) -> bool {
        match event {
            Event::ModerationUpdate(update) => self.insert(update),
            _ => true,
        }
    }

    /// The server's time of the newest decision that was delivered.
    pub(crate) fn newest(&self) -> Option<jiff::Timestamp> {
        self.newest
    }
}
