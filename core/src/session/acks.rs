//! Acknowledgements that are waited for, by id. Ids count up and are never used twice in a session.

use std::{collections::BTreeMap, time::Instant};

use super::{StreamId, Token};
use crate::events::ProjectId;

/// Who waits for an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiter {
    /// The user who emitted.
    User(Token),
    /// A join or leave in flight.
    Room(ProjectId),
    /// The page of the event log behind this id.
    Replay(ProjectId, u64),
    /// The page behind this id for one stream.
    Backlog(StreamId, ProjectId, u64),
}

/// The table of acknowledgements.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    last: u64,
    waiting: BTreeMap<u64, (Waiter, Instant)>,
}

impl Acks {
    /// Starts to wait until `deadline`, and returns the id for the packet.
    pub(crate) fn expect(&mut self, waiter: Waiter, deadline: Instant) -> u64 {
        self.last += 1;
        self.waiting.insert(self.last, (waiter, deadline));
        self.last
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
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Waiter> + use<> {
        std::mem::take(&mut self.waiting).into_values().map(|(waiter, _)| waiter)
    }

    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.values().map(|(_, deadline)| *deadline).min()
    }
}
