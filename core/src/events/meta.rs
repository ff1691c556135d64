//! What the SDK knows about an event beside its payload.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cursor, ProjectId, RawJson};

/// How an event reached the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// Pushed by the server when it happened.
    Live,
    /// Asked for after an interruption, from the server's event log.
    Replay,
    /// Made up for by REST after an interruption, from a server without an event log.
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

/// What comes with every event.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// The project: from the payload, or inferred when exactly one project is joined; otherwise absent, never invented.
    pub project_id: Option<ProjectId>,
    /// The position in the project's event log, on servers that have one.
    pub event_id: Option<u64>,
    /// How the event came.
    pub origin: Origin,
    /// When the client received it, by the clock of this machine.
    pub received_at: jiff::Timestamp,
    pub(crate) payload: Option<RawJson>,
    pub(crate) log: Option<Arc<str>>,
}

impl Meta {
    pub(crate) fn new(origin: Origin, received_at: jiff::Timestamp) -> Self {
        Self { project_id: None, event_id: None, origin, received_at, payload: None, log: None }
    }

    /// The cursor with which a join goes on behind this event: store it when the event has been processed. `None` on
    /// servers without an event log, and for events that no log keeps.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { log: self.log.clone(), event_id: self.event_id? })
    }

    /// The payload as the server wrote it. Events that the SDK makes itself ([`Gap`](super::Gap),
    /// [`Lagged`](super::Lagged)) have none, nor have those that were read from JSON.
    #[must_use]
    pub fn payload(&self) -> Option<&RawJson> {
        self.payload.as_ref()
    }
}
