//! What could not be had, told in the stream.

use serde::{Deserialize, Serialize};

use super::{Meta, ProjectId};

/// Events of a project are missing here, or may be.
///
/// Where the server has an event log, [`Meta::event_id`] is the id of the last missing event.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// The project whose events are missing.
    pub project_id: ProjectId,
    /// Why they can't be had.
    pub reason: GapReason,
    /// How many are missing, where that is known.
    pub missed: Option<u64>,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

/// Why events can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GapReason {
    /// The connection was interrupted, and the server keeps no log that could be asked.
    Interrupted,
    /// The server's log no longer reaches back far enough.
    Expired,
    /// The cursor belongs to another log: the server's database was made anew.
    LogChanged,
    /// The cursor is ahead of the log: the server's database was restored from a backup.
    CursorAhead,
    /// The server has a log but did not hand out all of it.
    ReplayFailed,
    /// Asking by REST gave less than what was missed.
    BackfillIncomplete,
}

impl GapReason {
    /// The reason as a word, such as `expired`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Expired => "expired",
            Self::LogChanged => "log_changed",
            Self::CursorAhead => "cursor_ahead",
            Self::ReplayFailed => "replay_failed",
            Self::BackfillIncomplete => "backfill_incomplete",
        }
    }
}

/// The reader of this stream was too slow: events were dropped because its buffer was full.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lagged {
    /// How many events were dropped, since the last notice of this kind.
    pub missed: u64,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

impl Lagged {
    pub(crate) fn new(missed: u64, meta: Meta) -> Self {
        Self { missed, meta }
    }
}

impl Gap {
    pub(crate) fn new(project_id: ProjectId, reason: GapReason, missed: Option<u64>, mut meta: Meta) -> Self {
        meta.project_id = Some(project_id.clone());
        Self { project_id, reason, missed, meta }
    }

    /// Whether one notice can stand for both.
    pub(crate) fn is_followed_by(&self, next: &Self) -> bool {
        self.project_id == next.project_id
    }

    /// Extends the gap by one that follows it.
    pub(crate) fn merge(&mut self, next: Self) {
        let missed = self.missed.zip(next.missed).map(|(one, other)| one.saturating_add(other));
        *self = Self { missed, ..next };
    }
}
