//! Items, rules and pages of the event log, as the store returns them.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::commit_state::ProjectTotals;
use crate::time::Micros;

/// The moderation status of an item.
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

    pub(crate) fn count_of(self, status: Status) -> i64 {
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

/// An entry of `recent_activity` in a project's statistics.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecentDecision {
    pub(crate) content_id: String,
    pub(crate) decision: Status,
    pub(crate) timestamp: String,
}

/// An item, as returned by the REST API.
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

/// One page of items, newest first, with the total number of items on all pages.
#[derive(Debug)]
pub(crate) struct OffsetPage {
    pub(crate) contents: Vec<Content>,
    pub(crate) total: i64,
    /// The position of the last item on this page, or `None` if the page is empty.
    pub(crate) last_position: Option<ContentPosition>,
}

/// The state of a project at one position in its event log.
#[derive(Debug)]
pub(crate) struct ProjectSnapshot {
    pub(crate) totals: ProjectTotals,
    pub(crate) rules: Vec<StoredRule>,
    /// The newest flagged items, newest first.
    pub(crate) newest_flagged_contents: Vec<Content>,
}

/// The conditions that a listed item must meet. A field that is `None` imposes no condition.
#[derive(Debug, Default)]
pub(crate) struct ContentFilter {
    pub(crate) status: Option<Status>,
    /// The id of the author, which is the `user_id` in the item's metadata.
    pub(crate) author_id: Option<String>,
    /// The id of the rule that decided on the item.
    pub(crate) rule_id: Option<String>,
    /// The earliest submission time, inclusive.
    pub(crate) submitted_from: Option<Micros>,
    /// The latest submission time, exclusive.
    pub(crate) submitted_before: Option<Micros>,
    /// A pattern that must match part of the item's text.
    pub(crate) text_pattern: Option<Regex>,
}

/// The position of an item among the items of its project, which are ordered by submission time and then by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentPosition {
    pub(crate) created_at: Micros,
    pub(crate) id: String,
}

/// One page of items, newest first.
#[derive(Debug)]
pub(crate) struct CursorPage {
    pub(crate) contents: Vec<Content>,
    /// The position after which the next page starts, or `None` if this is the last page.
    pub(crate) next_page_after: Option<ContentPosition>,
}

/// A range of consecutive events from a project's log.
#[derive(Debug)]
pub(crate) struct EventPage {
    /// The name and payload of each event, oldest first.
    pub(crate) events: Vec<(String, Box<RawValue>)>,
    /// The id of the newest event, even if the event has been pruned, or 0 if nothing has ever been logged.
    pub(crate) head: i64,
    /// The id of the oldest event that can still be read, or `head + 1` if there is none.
    pub(crate) oldest: i64,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct StoredRule {
    pub(crate) id: String,
    pub(crate) name: String,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    /// The rule's keywords, pattern or prompt as JSON text.
    pub(crate) data: String,
    pub(crate) action: String,
    pub(crate) priority: i64,
    pub(crate) is_active: bool,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
}
