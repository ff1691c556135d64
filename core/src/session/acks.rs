//! Acknowledgements that are waited for, by id. Ids count up and are never used twice in a session.

use std::{collections::BTreeMap, time::Instant};

use super::{StreamId, Token};
use crate::events::ProjectId;

/// The receiver of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiter {
    /// The user who emitted.
    User(Token),
    /// A join or leave in flight.
    Room(ProjectId),
    /// The page of the event log after this id.
    Replay(ProjectId, u64),
    /// The page after this id for one stream.
    Backlog(StreamId, ProjectId, u64),
}

/// Gives out the ids of a session.
#[derive(Debug, Default)]
pub(crate) struct AckIds(u64);

impl AckIds {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// The acknowledgements that one connection waits for.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: BTreeMap<u64, (Waiter, Instant)>,
}

impl Acks {
    /// Starts to wait for the acknowledgement `id` until `deadline`.
    pub(crate) fn expect(&mut self, id: u64, waiter: Waiter, deadline: Instant) {
        self.waiting.insert(id, (waiter, deadline));
    }

    /// An acknowledgement came; `None` if nobody waits for it (any more).
    pub(crate) fn take(&mut self, id: u64) -> Option<Waiter> {
        self.waiting.remove(&id).map(|(waiter, _)| waiter)
    }

    /// One acknowledgement whose time is up.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<Waiter> {
        let id = *self.waiting.iter().find(|(_, (_, deadline))| *deadline <= now)?.0;
        self.take(id)
    }

    /// The connection is gone, and all acknowledgements with it.
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
