//! Notices in the stream that report lost events.

use serde::{Deserialize, Serialize};

use super::{Meta, ProjectId};

/// Notice that events of a project are, or may be, missing at this position. This stream does not deliver them later.
///
/// On servers with an event log, [`Meta::event_id`] is the id after which the stream continues.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// Project whose events are missing.
    pub project_id: ProjectId,
    /// Reason for the loss.
    pub reason: GapReason,
    /// Number of missing events, if known.
    pub missed: Option<u64>,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

/// Reason why events are missing from the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GapReason {
    /// The connection was interrupted, and either `Backfill::Off` is set, or the server had no event log before or after
    /// the interruption and the SDK could not use REST to recover the events. Also reported if the join had a cursor but
    /// the server has no event log, or if too many events arrived before the join was confirmed.
    Interrupted,
    /// The server's log no longer contains the events, or `Backfill::Off` is set and the join had a cursor.
    Expired,
    /// The stream's position belongs to another log, for example because the server's database was recreated.
    LogChanged,
    /// The stream's position is ahead of the log, for example because the server's database was restored from a backup.
    CursorAhead,
    /// The server has an event log but did not return all of the missing events.
    ReplayFailed,
    /// Backfill through REST may not have returned all of the missing events.
    BackfillIncomplete,
}

impl GapReason {
    /// Returns the reason as text, such as `expired`.
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

/// Notice that events were dropped at this position because the stream's reader was too slow and its buffer was full.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lagged {
    /// Number of events dropped since the previous `Lagged`.
    pub missed: u64,
    /// Metadata added by the SDK.
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

    /// Returns `true` if both gaps belong to the same project, so that `next` can be merged into this one.
    pub(crate) fn can_merge(&self, next: &Self) -> bool {
        self.project_id == next.project_id
    }

    /// Merges the next gap into this one. The result has the reason and metadata of `next` and, if both numbers of missing
    /// events are known, their total.
    pub(crate) fn merge(&mut self, next: Self) {
        let missed = self.missed.zip(next.missed).map(|(one, other)| one.saturating_add(other));
        *self = Self { missed, ..next };
    }
}
