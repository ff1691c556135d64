//! `stats_update`: moderation counters of a project.

use serde::Deserialize;

use super::{
    Extra, Meta, Status, Timestamp,
    decode::PayloadReader,
    payload_fields::{coerced_scalar, nullable, payload},
};

/// Moderation counters of a project. Each update replaces the previous one.
///
/// Documented servers send all three rates, the recent activity, and all counters except `pending`. Deployed servers
/// contain code that would send `total`, `pending` and only one rate, but never run that code.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StatsUpdate {
    /// Number of submissions so far (`total` on deployed servers).
    pub total_content: u64,
    /// Number of approved items.
    pub approved: u64,
    /// Number of rejected items.
    pub rejected: u64,
    /// Number of items flagged for review by a person.
    pub flagged: u64,
    /// Number of items without a decision. Documented servers do not send this number.
    pub pending: Option<u64>,
    /// Percentage of items that were approved.
    pub approval_rate: Option<f64>,
    /// Percentage of items that were rejected.
    pub rejection_rate: Option<f64>,
    /// Percentage of items that were flagged.
    pub flag_rate: Option<f64>,
    /// Most recent decisions.
    pub recent_activity: Vec<RecentActivity>,
    /// Undocumented fields.
    pub extra: Extra,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

/// One of a project's most recent decisions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecentActivity {
    /// Id of the content.
    pub content_id: String,
    /// Decision on the content.
    pub decision: Status,
    /// Time of the decision.
    pub timestamp: Timestamp,
}

payload! {
    RecentActivityPayload<'de> {
        content_id: String = "content_id" => coerced_scalar,
        decision: Status = "decision" | "status" => coerced_scalar,
        timestamp: Timestamp = "timestamp" => coerced_scalar,
    }
}

impl<'de> Deserialize<'de> for RecentActivity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let payload = RecentActivityPayload::deserialize(deserializer)?;
        Ok(Self {
            content_id: payload.content_id.unwrap_or_default(),
            decision: payload.decision.unwrap_or_else(|| Status::Other(String::new())),
            timestamp: payload.timestamp.unwrap_or_default(),
        })
    }
}

payload! {
    StatsPayload<'de> {
        total_content: u64 = "total_content" | "total" => coerced_scalar,
        approved: u64 = "approved" => coerced_scalar,
        rejected: u64 = "rejected" => coerced_scalar,
        flagged: u64 = "flagged" => coerced_scalar,
        pending: u64 = "pending" => coerced_scalar,
        approval_rate: f64 = "approval_rate" => coerced_scalar,
        rejection_rate: f64 = "rejection_rate" => coerced_scalar,
        flag_rate: f64 = "flag_rate" => coerced_scalar,
        recent_activity: Vec<RecentActivity> = "recent_activity" => nullable,
    }
}

impl StatsUpdate {
    pub(super) fn read(reader: &mut PayloadReader<'_>) -> Result<Self, String> {
        let mut payload = StatsPayload::default();
        reader.parse_into(&mut payload)?;
        let meta = reader.meta(payload.project_id, payload.event_id);
        Ok(Self {
            total_content: payload.total_content.ok_or("total_content is missing")?,
            approved: payload.approved.unwrap_or_default(),
            rejected: payload.rejected.unwrap_or_default(),
            flagged: payload.flagged.unwrap_or_default(),
            pending: payload.pending,
            approval_rate: payload.approval_rate,
            rejection_rate: payload.rejection_rate,
            flag_rate: payload.flag_rate,
            recent_activity: payload.recent_activity.unwrap_or_default(),
            extra: payload.extra,
            meta,
        })
    }
}
