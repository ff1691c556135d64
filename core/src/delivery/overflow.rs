//! Bound of a stream's buffer, and its overflow policy.

/// Policy of a stream whose buffer is full.
///
/// Pages of a replay are requested as the reader makes room for them, under any policy. The policy applies to events
/// that the server pushes while the buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Reads events that found no room from the server's event log once the reader has room: nothing is lost, and
    /// memory stays bounded. Events that are not logged (`stats_update`, and all events of servers without an event
    /// log) are dropped as with [`DropOldest`](Self::DropOldest) and reported by a [`Lagged`](crate::Lagged).
    #[default]
    Replay,
    /// Drops the oldest event. A [`Lagged`](crate::Lagged) takes the place of dropped events.
    DropOldest,
    /// Drops the newest event. A [`Lagged`](crate::Lagged) takes the place of dropped events.
    DropNewest,
    /// Ends the stream with the error `overflow` after the buffered events.
    Close,
}

/// Bound of a stream's buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Largest number of bytes that a stream buffers. A single event always fits, however large.
pub(crate) const STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Number of losses that fit into a full buffer in addition.
pub(super) const EXTRA_LOSSES_MAX: usize = 16;
