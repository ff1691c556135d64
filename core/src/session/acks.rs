//! Pending acknowledgements by id. Ids increase and are never reused within a session.

use std::{collections::BTreeMap, time::Instant};

use super::{StreamId, Token};
use crate::events::ProjectId;

/// Recipient of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiter {
    /// The user that emitted the event.
    User(Token),
    /// A join or leave of this project.
    Room(ProjectId),
    /// A follower's request for the page of the project's event log after this id.
    Replay(ProjectId, u64),
    /// A stream's request for the page of the project's event log after this id.
    Backlog(StreamId, ProjectId, u64),
}

/// Source of acknowledgement ids for a session.
#[derive(Debug, Default)]
pub(crate) struct AckIds(u64);

impl AckIds {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// Pending acknowledgements of one connection.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: BTreeMap<u64, (Waiter, Instant)>,
}

impl Acks {
    /// Waits for acknowledgement `id` until `deadline`.
    pub(crate) fn expect(&mut self, id: u64, waiter: Waiter, deadline: Instant) {
        self.waiting.insert(id, (waiter, deadline));
    }

    /// Removes and returns the waiter for `id`, or returns `None` if nothing is waiting for this acknowledgement.
    pub(crate) fn take(&mut self, id: u64) -> Option<Waiter> {
        self.waiting.remove(&id).map(|(waiter, _)| waiter)
    }

    /// Removes and returns one waiter whose deadline has passed.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<Waiter> {
        let id = *self.waiting.iter().find(|(_, (_, deadline))| *deadline <= now)?.0;
        self.take(id)
    }

    /// Returns everything that waited for acknowledgements of a lost connection.
    pub(crate) fn into_waiters(self) -> impl Iterator<Item = Waiter> {
        self.waiting.into_values().map(|(waiter, _)| waiter)
    }

    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.values().map(|(_, deadline)| *deadline).min()
    }
}
