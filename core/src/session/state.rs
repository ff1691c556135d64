//! State and counters of a client.

use std::time::Duration;

use crate::Error;

/// State of a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum State {
    /// The client has not started to connect.
    Idle,
    /// Making the first connection.
    Connecting,
    /// Connected: the server has acknowledged the namespace, and no refusal has followed.
    Connected,
    /// Reconnecting after the connection was lost.
    Reconnecting {
        /// Number of the next attempt, counted from 1 since the last stable connection.
        attempt: u32,
        /// Delay before the next attempt.
        retry_in: Duration,
        /// Error that ended the connection or the previous attempt.
        cause: Error,
    },
    /// Closing the connection.
    Closing,
    /// Closed. This state is final.
    Closed {
        /// Error that closed the client. Its code is `closed` if the user closed the client.
        reason: Error,
    },
}

impl State {
    /// Returns the name of the state: `idle`, `connecting`, `connected`, `reconnecting`, `closing` or `closed`.
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
    /// Connections whose namespace the server has acknowledged.
    pub connections: u64,
    /// Events delivered to streams, whether live, replayed or backfilled.
    pub events: u64,
    /// Events read from the server's log, by replay or for a slow stream's backlog.
    pub replayed: u64,
    /// Events recovered through REST.
    pub backfilled: u64,
    /// Events dropped because they had already arrived.
    pub duplicates: u64,
    /// Frames and events that could not be decoded.
    pub malformed: u64,
    /// Gaps reported to streams.
    pub gaps: u64,
    /// Events sent to the server: joins, leaves, page requests, heartbeats and the user's own events.
    pub sent: u64,
}
