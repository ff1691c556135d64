//! What a client is doing, and what it has counted.

use std::time::Duration;

use crate::Error;

/// What a client is doing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum State {
    /// Nothing yet.
    Idle,
    /// Making the first connection.
    Connecting,
    /// The namespace is acknowledged and nothing was refused.
    Connected,
    /// The connection was lost and will be made again.
    Reconnecting {
        /// The attempt that comes next, counted from 1 since the last stable connection.
        attempt: u32,
        /// The pause before it.
        retry_in: Duration,
        /// Why it is needed.
        cause: Error,
    },
    /// Saying goodbye.
    Closing,
    /// The end; a client does not leave this state.
    Closed {
        /// Why: `closed` if the user did it.
        reason: Error,
    },
}

impl State {
    /// The state as a word: `idle`, `connecting`, `connected`, `reconnecting`, `closing` or `closed`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Closing => "closing",
            Self::Closed { .. } => "closed",
        }
    }

    /// Whether this is [`State::Connected`].
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// Whether this is [`State::Closed`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// What a session has counted since the client was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Attempts to connect, the first one included.
    pub attempts: u64,
    /// Connections that were acknowledged.
    pub connections: u64,
    /// Events given to streams, however they came.
    pub events: u64,
    /// Of them, replayed from the server's log.
    pub replayed: u64,
    /// Of them, made up for by REST.
    pub backfilled: u64,
    /// Events dropped because they had been delivered before.
    pub duplicates: u64,
    /// Frames and events that could not be read.
    pub malformed: u64,
    /// Notices of missing events.
    pub gaps: u64,
    /// Events sent to the server: joins, leaves, heartbeats and the user's.
    pub sent: u64,
}
