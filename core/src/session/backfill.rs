//! Making up by REST for what an interruption cost, on servers without an event log.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::events::{Event, ModerationUpdate};

/// How many decisions are remembered to tell what was delivered before.
const REMEMBERED: usize = 1024;
/// How long the event of a decision that REST has told already may be under way.
const ECHO: Duration = Duration::from_secs(60);

type Key = (String, String);

fn key(update: &ModerationUpdate) -> Key {
    (update.content_id.clone(), update.status.as_str().to_owned())
}

/// The decisions delivered lately, by content and status, and the newest of their timestamps.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    seen: HashSet<Key>,
    order: VecDeque<Key>,
    newest: Option<jiff::Timestamp>,
    /// What a backfill has delivered and the server may still send itself, until then.
    echoes: HashSet<Key>,
    echoes_until: Option<Instant>,
}

impl Recent {
    /// Remembers a decision; false if it was remembered before.
    pub(crate) fn insert(&mut self, update: &ModerationUpdate) -> bool {
        let key = key(update);
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        // A server's clock that is ahead must not move the place from which the next backfill asks.
        let decided = update.timestamp.instant().map(|at| at.min(update.meta.received_at));
        self.newest = self.newest.max(decided);
        true
    }

    /// Remembers the event if it is a decision; false if it is one that was remembered before.
    pub(crate) fn insert_event(&mut self, event: &Event) -> bool {
        match event {
            Event::ModerationUpdate(update) => self.insert(update),
            _ => true,
        }
    }

    /// As [`insert`](Self::insert), for a decision that REST has told.
    pub(crate) fn insert_backfilled(&mut self, now: Instant, event: &Event) -> bool {
        let Event::ModerationUpdate(update) = event else { return true };
        let new = self.insert(update);
        if new {
            self.echoes.insert(key(update));
            self.echoes_until = Some(now + ECHO);
        }
        new
    }

    /// Whether a live event only repeats what REST has just told. Once: a later one is another decision.
    pub(crate) fn is_echo(&mut self, now: Instant, event: &Event) -> bool {
        if self.echoes_until.is_none_or(|until| until <= now) {
            self.forget_echoes();
            return false;
        }
        matches!(event, Event::ModerationUpdate(update) if self.echoes.remove(&key(update)))
    }

    /// What was under way is lost with its connection.
    pub(crate) fn forget_echoes(&mut self) {
        self.echoes_until = None;
        self.echoes.clear();
    }

    /// The server's time of the newest decision that was delivered.
    pub(crate) fn newest(&self) -> Option<jiff::Timestamp> {
        self.newest
    }
}
