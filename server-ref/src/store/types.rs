//! What goes into the store and comes out of it, whatever the database is.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::time::Micros;

/// What was decided about a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyOwner {
    pub(crate) project_id: Arc<str>,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) password_hash: String,
}

/// One transaction's worth of change to a project. All parts of it become true together.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) project_id: Arc<str>,
    pub(crate) at: Micros,
    pub(crate) content: Option<NewContent>,
    pub(crate) rule: Option<StoredRule>,
    pub(crate) event: Option<Draft>,
}

#[derive(Debug)]
pub(crate) struct NewContent {
    pub(crate) id: String,
    pub(crate) content_type: String,
    pub(crate) content_data: String,
    /// JSON text.
    pub(crate) meta_data: Option<String>,
    pub(crate) status: Status,
    /// JSON texts.
    pub(crate) results: Vec<String>,
}

/// An event that has no id yet. The payload is the JSON text of an object.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) name: &'static str,
    pub(crate) payload: String,
}

/// An event as it is in the log and on the wire: its JSON is written once.
#[derive(Debug, Clone)]
pub(crate) struct LoggedEvent {
    pub(crate) project_id: Arc<str>,
    pub(crate) event_id: i64,
    pub(crate) name: &'static str,
    pub(crate) data: Arc<RawValue>,
}

/// What one commit made true, in the order of the ids.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: Vec<LoggedEvent>,
    pub(crate) statistics: Vec<(Arc<str>, Counts)>,
    pub(crate) recent: Vec<(Arc<str>, Recent)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) approved: i64,
    pub(crate) rejected: i64,
    pub(crate) flagged: i64,
    pub(crate) pending: i64,
}

impl Counts {
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

    pub(crate) fn add(&mut self, status: Status) {
        *match status {
            Status::Approved => &mut self.approved,
            Status::Rejected => &mut self.rejected,
            Status::Flagged => &mut self.flagged,
            Status::Pending => &mut self.pending,
        } += 1;
    }
}

/// An entry of `recent_activity`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Recent {
    pub(crate) content_id: String,
    pub(crate) decision: Status,
    pub(crate) timestamp: String,
}

/// A content as the REST interface shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Content {
    pub(crate) id: String,
    pub(crate) project_id: String,
    pub(crate) content_type: String,
    pub(crate) content_data: String,
    pub(crate) meta_data: Option<Box<RawValue>>,
    pub(crate) status: Status,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) moderation_results: Vec<Box<RawValue>>,
}

/// One page of contents, newest first, and how many there are in all.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) contents: Vec<Content>,
    pub(crate) total: i64,
}

/// A part of a project's log.
#[derive(Debug)]
pub(crate) struct EventPage {
    /// Names and payloads.
    pub(crate) events: Vec<(String, Box<RawValue>)>,
    /// The newest id given; 0 when none was.
    pub(crate) head: i64,
    /// The oldest id still held, or `head + 1`.
    pub(crate) oldest: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredRule {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// JSON text.
    pub(crate) data: String,
    pub(crate) action: String,
    pub(crate) priority: i64,
    pub(crate) is_active: bool,
}
