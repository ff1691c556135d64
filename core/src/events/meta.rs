//! Metadata of events.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cursor, ProjectId, RawJson};

/// Path by which an event reached the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by the server as it happened.
    Live,
    /// Replayed from the server's event log after an interruption.
    Replay,
    /// Recovered by REST after an interruption, from a server without an event log.
    Backfill,
}

impl Origin {
    /// The origin as a word: `live`, `replay` or `backfill`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replay => "replay",
            Self::Backfill => "backfill",
        }
    }
}

/// Metadata common to all events.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// Project named by the payload, or else the joined project if exactly one is joined; otherwise `None`.
    pub project_id: Option<ProjectId>,
    /// Position in the project's event log, on servers that have one.
    pub event_id: Option<u64>,
    /// Path by which the event arrived.
    pub origin: Origin,
    /// Time of arrival by this machine's clock.
    pub received_at: jiff::Timestamp,
    pub(crate) payload: Option<RawJson>,
    pub(crate) log: Option<Arc<str>>,
}

impl Meta {
    pub(crate) fn new(origin: Origin, received_at: jiff::Timestamp) -> Self {
        Self { project_id: None, event_id: None, origin, received_at, payload: None, log: None }
    }

    /// Cursor that resumes after this event: store it once the event has been processed. `None` on servers without an
    /// event log, and for events that are not logged.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { log: self.log.clone(), event_id: self.event_id? })
    }

    /// Payload as the server wrote it. `None` for events that the SDK creates ([`Gap`](super::Gap),
    /// [`Lagged`](super::Lagged)) and for events deserialized from JSON.
    #[must_use]
    pub fn payload(&self) -> Option<&RawJson> {
        self.payload.as_ref()
    }
}
