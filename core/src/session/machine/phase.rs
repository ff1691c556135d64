//! Phases of a session.

use std::time::Instant;

use super::connection::Connection;
use crate::session::CredentialsReason;

/// Phase of a session. Each connection attempt starts in `Dialing` and, once a transport is open, continues in `Open`.
#[derive(Debug)]
pub(super) enum Phase {
    Idle,
    /// The driver obtains credentials and opens a transport.
    Dialing {
        /// Id of the attempt in progress.
        id: u64,
        deadline: Instant,
        reason: CredentialsReason,
    },
    /// A transport is open.
    Open(Box<Connection>),
    /// Waiting for the next attempt.
    Waiting {
        /// Time of the next attempt.
        retry_at: Instant,
        /// Time before which the current address must not be tried.
        no_attempt_before: Instant,
    },
    Closed,
}

impl Phase {
    pub(super) fn connection(&self) -> Option<&Connection> {
        match self {
            Self::Open(connection) => Some(connection),
            _ => None,
        }
    }

    pub(super) fn connection_mut(&mut self) -> Option<&mut Connection> {
        match self {
            Self::Open(connection) => Some(connection),
            _ => None,
        }
    }

    /// Returns the connection if its namespace is acknowledged.
    pub(super) fn online_connection(&self) -> Option<&Connection> {
        self.connection().filter(|connection| connection.is_online())
    }

    /// Returns the connection if its namespace is acknowledged.
    pub(super) fn online_connection_mut(&mut self) -> Option<&mut Connection> {
        self.connection_mut().filter(|connection| connection.is_online())
    }

    pub(super) fn is_online(&self) -> bool {
        self.online_connection().is_some()
    }

    /// Returns the time at which the phase ends, or at which something is due on the connection.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Dialing { deadline, .. } => Some(*deadline),
            Self::Waiting { retry_at, .. } => Some(*retry_at),
            Self::Open(connection) => connection.deadline(),
            Self::Idle | Self::Closed => None,
        }
    }
}
