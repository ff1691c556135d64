//! Metadata of events.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cursor, ProjectId, RawJson};

/// Path by which an event reached the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by the server when the event occurred, or created by the SDK ([`Gap`](super::Gap) and
    /// [`Lagged`](super::Lagged)).
    Live,
    /// Read from the server's event log: after an interruption, from the cursor of a join, because live events were
    /// missing, or because a stream's buffer was full.
    Replay,
    /// Fetched through REST from a server without an event log, after an interruption or by polling for reviews.
    Backfill,
}

impl Origin {
    /// Returns the origin as text: `live`, `replay` or `backfill`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replay => "replay",
            Self::Backfill => "backfill",
        }
    }
}

/// Metadata that is common to all events.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// Project that the payload names. If the payload names none, this is the project whose log or listing contains the
    /// event or, for a live event, the only joined project. For a [`Gap`](super::Gap), it is the project whose events
    /// are missing. `None` if the project is unknown, as it always is for a [`Lagged`](super::Lagged), and for live
    /// server errors and malformed events that name none.
    pub project_id: Option<ProjectId>,
    /// Position of the event in the project's event log or, for a [`Gap`](super::Gap), the position after which the
    /// stream continues. `None` on servers without an event log and, except for gaps, for events that are not logged.
    pub event_id: Option<u64>,
    /// Path by which the event arrived.
    pub origin: Origin,
    /// Time at which the event arrived, according to the local clock.
    pub received_at: jiff::Timestamp,
    pub(crate) payload: Option<RawJson>,
    pub(crate) log: Option<Arc<str>>,
}

impl Meta {
    pub(crate) fn new(origin: Origin, received_at: jiff::Timestamp) -> Self {
        Self { project_id: None, event_id: None, origin, received_at, payload: None, log: None }
    }

    /// Returns a cursor that resumes the stream after this event.
    ///
    /// Store the cursor once the event has been processed. Returns `None` if [`event_id`](Self::event_id) is `None`.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { log: self.log.clone(), event_id: self.event_id? })
    }

    /// Returns the payload as the server sent it or, for a decision from a backfill, as the SDK built it from the
    /// content item.
    ///
    /// Returns `None` for events created by the SDK ([`Gap`](super::Gap) and [`Lagged`](super::Lagged)), for events
    /// without data, and for events deserialized from JSON.
    #[must_use]
    pub fn payload(&self) -> Option<&RawJson> {
        self.payload.as_ref()
    }
}
