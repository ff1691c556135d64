//! The bound of a stream's buffer, and what happens when it is full.

/// What a stream does when its buffer is full.
///
/// Pages of a replay are requested as the reader makes room for them, whatever the policy. The policy decides about
/// events that the server pushes while the buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Reads events that found no room from the server's event log as soon as the reader has room again: nothing is lost,
    /// and memory stays bounded. Events that no log keeps (`stats_update`, and all events of servers without an event
    /// log) are dropped as with [`DropOldest`](Self::DropOldest), and a [`Lagged`](crate::Lagged) says so.
    #[default]
    Replay,
    /// Drops the oldest event. A [`Lagged`](crate::Lagged) takes the place of what was dropped.
    DropOldest,
    /// Drops the newest event. A [`Lagged`](crate::Lagged) takes the place of what was dropped.
    DropNewest,
    /// Ends the stream with the error `overflow` after the events that are in the buffer.
    Close,
}

/// The bound of a stream's buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// The bytes that each stream buffers at most. One event is always let in, however large it is.
pub(crate) const STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The notices of losses that a full buffer takes in addition.
pub(super) const NOTICES_MAX: usize = 16;
