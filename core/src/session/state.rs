//! State and counters of a client.

use std::time::Duration;

use crate::Error;

/// State of a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum State {
    /// Not connected yet.
    Idle,
    /// Making the first connection.
    Connecting,
    /// Connected: the server has acknowledged the namespace, and no refusal has followed.
    Connected,
    /// Reconnecting after the connection was lost.
    Reconnecting {
        /// Number of the next attempt, counted from 1 since the last stable connection.
        attempt: u32,
        /// Delay before the attempt.
        retry_in: Duration,
        /// Error that made the attempt necessary.
        cause: Error,
    },
    /// Closing the connection.
    Closing,
    /// Closed; the final state.
    Closed {
        /// Error that closed the client: `closed` if the user did.
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

    /// Returns `true` if this is [`State::Connected`].
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// Returns `true` if this is [`State::Closed`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

/// Counters of a session since the client was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Connection attempts, including the first.
    pub attempts: u64,
    /// Acknowledged connections.
    pub connections: u64,
    /// Events delivered to streams, live or not.
    pub events: u64,
    /// Events replayed from the server's log.
    pub replayed: u64,
    /// Events recovered by REST.
    pub backfilled: u64,
    /// Events dropped because they had already been delivered.
    pub duplicates: u64,
    /// Frames and events that could not be decoded.
    pub malformed: u64,
    /// Gaps reported.
    pub gaps: u64,
    /// Events sent to the server: joins, leaves, heartbeats and the user's own.
    pub sent: u64,
}
