//! Limits of a stream's buffer, and the policy for a full buffer.

use crate::events::{Event, Lagged, Meta, Origin};

/// Policy for a stream whose buffer is full.
///
/// The policy applies to events that arrive while the buffer is full. Under every policy, replayed events are requested
/// only as the project's fastest reader makes room for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Events that do not fit are read from the server's event log once there is room. No logged event is lost, and
    /// memory use stays bounded. Events that are not logged (such as `stats_update`, and all events of servers without
    /// an event log) are dropped as with [`DropOldest`](Self::DropOldest). However, if the oldest buffered event is
    /// logged, the new event is dropped instead.
    #[default]
    Replay,
    /// Drops the oldest events until the new event fits. A [`Lagged`](crate::Lagged) takes the place of the dropped events.
    DropOldest,
    /// Drops the new event. A [`Lagged`](crate::Lagged) takes the place of the dropped events.
    DropNewest,
    /// Ends the stream with an `overflow` error after its buffered events.
    Close,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct BufferLimits {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// Maximum number of bytes that a stream buffers by default. Any event fits into an empty buffer, whatever its size.
pub(crate) const STREAM_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Number of events by which a buffer may exceed its limit before each new gap is merged with the latest gap of the
/// same project, even if other events lie between them.
pub(super) const UNMERGED_EXTRA_GAPS_MAX: usize = 16;

/// Returns `true` if a replay can return the event.
pub(super) fn is_logged(event: &Event) -> bool {
    event.event_id().is_some()
}

/// Returns the report of `missed` dropped events, the last of which arrived at the time `at`.
pub(super) fn lagged_event(missed: u64, at: jiff::Timestamp) -> Event {
    Lagged::new(missed, Meta::new(Origin::Live, at)).into()
}
