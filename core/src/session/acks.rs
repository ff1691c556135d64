//! Pending acknowledgements by id. Ids increase and are never reused within a session.

use std::{collections::BTreeMap, time::Instant};

use super::{CommandId, StreamId};
use crate::events::ProjectId;

/// Recipient of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AckRecipient {
    /// The user's command that emitted an event.
    User(CommandId),
    /// A request to join or leave this project.
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
pub(crate) struct PendingAcks {
    pending: BTreeMap<u64, (AckRecipient, Instant)>,
}

impl PendingAcks {
    /// Records that `recipient` waits for acknowledgement `id` until `deadline`.
    pub(crate) fn expect(&mut self, id: u64, recipient: AckRecipient, deadline: Instant) {
        self.pending.insert(id, (recipient, deadline));
    }

    /// Removes and returns the recipient of acknowledgement `id`, or returns `None` if nothing is waiting for this
    /// acknowledgement.
    pub(crate) fn remove(&mut self, id: u64) -> Option<AckRecipient> {
        self.pending.remove(&id).map(|(recipient, _)| recipient)
    }

    /// Removes and returns a recipient whose deadline has passed, if there is one.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<AckRecipient> {
        let id = *self.pending.iter().find(|(_, (_, deadline))| *deadline <= now)?.0;
        self.remove(id)
    }

    /// Consumes the pending acknowledgements of a lost connection and returns their recipients.
    pub(crate) fn into_recipients(self) -> impl Iterator<Item = AckRecipient> {
        self.pending.into_values().map(|(recipient, _)| recipient)
    }

    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending.values().map(|(_, deadline)| *deadline).min()
    }
}
