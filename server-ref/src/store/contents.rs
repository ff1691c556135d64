//! Items, rules and pages of the log, as the store returns them.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::commit_state::ProjectTotals;
use crate::time::Micros;

/// The decision about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Approved,
    Rejected,
    Flagged,
    Pending,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Flagged => "flagged",
            Self::Pending => "pending",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected, Self::Flagged, Self::Pending]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StatusCounts {
    pub(crate) approved: i64,
    pub(crate) rejected: i64,
    pub(crate) flagged: i64,
    pub(crate) pending: i64,
}

impl StatusCounts {
    pub(crate) fn total(self) -> i64 {
        self.approved + self.rejected + self.flagged + self.pending
    }

    pub(crate) fn of(self, status: Status) -> i64 {
        match status {
            Status::Approved => self.approved,
            Status::Rejected => self.rejected,
            Status::Flagged => self.flagged,
            Status::Pending => self.pending,
        }
    }

    pub(crate) fn add(&mut self, status: Status, by: i64) {
        *match status {
            Status::Approved => &mut self.approved,
            Status::Rejected => &mut self.rejected,
            Status::Flagged => &mut self.flagged,
            Status::Pending => &mut self.pending,
        } += by;
    }
}

/// An entry of `recent_activity`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecentDecision {
    pub(crate) content_id: String,
    pub(crate) decision: Status,
    pub(crate) timestamp: String,
}

/// An item as the REST interface shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Content {
    pub(crate) id: String,
    pub(crate) project_id: String,
    pub(crate) content_type: String,
    pub(crate) content_data: String,
    #[schema(value_type = Option<Object>)]
    pub(crate) meta_data: Option<Box<RawValue>>,
    pub(crate) status: Status,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    #[schema(value_type = Vec<Object>)]
    pub(crate) moderation_results: Vec<Box<RawValue>>,
}

/// One page of items, newest first, and their total number.
#[derive(Debug)]
pub(crate) struct NumberedPage {
    pub(crate) contents: Vec<Content>,
    pub(crate) total: i64,
    /// The position of the last item.
    pub(crate) last: Option<ContentPosition>,
}

/// The state of a project at one position in its log.
#[derive(Debug)]
pub(crate) struct ProjectSnapshot {
    pub(crate) totals: ProjectTotals,
    pub(crate) rules: Vec<StoredRule>,
    /// The newest items that wait for a review.
    pub(crate) flagged: Vec<Content>,
}

/// A filter of items; empty: all.
#[derive(Debug, Default)]
pub(crate) struct ContentFilter {
    pub(crate) status: Option<Status>,
    /// The `user_id` of the metadata.
    pub(crate) author: Option<String>,
    /// The rule that decided.
    pub(crate) rule_id: Option<String>,
    /// The time of submission: from here,
    pub(crate) from: Option<Micros>,
    /// and before this.
    pub(crate) to: Option<Micros>,
    /// A text within the item.
    pub(crate) text: Option<Regex>,
}

/// An item's position among the others of its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentPosition {
    pub(crate) at: Micros,
    pub(crate) id: String,
}

/// A page of items, newest first, and the position of the next page, if there may be one.
#[derive(Debug)]
pub(crate) struct CursorPage {
    pub(crate) contents: Vec<Content>,
    pub(crate) next: Option<ContentPosition>,
}

/// A part of a project's log.
#[derive(Debug)]
pub(crate) struct EventPage {
    /// Names and payloads.
    pub(crate) events: Vec<(String, Box<RawValue>)>,
    /// The newest id; 0 before the first event.
    pub(crate) head: i64,
    /// The oldest id still held, or `head + 1`.
    pub(crate) oldest: i64,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct StoredRule {
    pub(crate) id: String,
    pub(crate) name: String,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    /// JSON text.
    pub(crate) data: String,
    pub(crate) action: String,
    pub(crate) priority: i64,
    pub(crate) is_active: bool,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
}
