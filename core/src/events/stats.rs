//! `stats_update`: counters of the project.

use serde::Deserialize;

use super::{
    Extra, Meta, Status, Timestamp,
    decode::Reading,
    fields::{lax, nullable, payload},
};

/// Counters of the project. Each update replaces the previous one.
///
/// Documented servers send the counters, three rates and the recent activity; the inactive code of deployed servers
/// sends `total`, `pending` and one rate.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StatsUpdate {
    /// Number of decisions so far (`total` on deployed servers).
    pub total_content: u64,
    /// Number approved.
    pub approved: u64,
    /// Number rejected.
    pub rejected: u64,
    /// Number flagged for a person.
    pub flagged: u64,
    /// Number without a decision; only on some servers.
    pub pending: Option<u64>,
    /// Percentage approved.
    pub approval_rate: Option<f64>,
    /// Percentage rejected.
    pub rejection_rate: Option<f64>,
    /// Percentage flagged.
    pub flag_rate: Option<f64>,
    /// Latest decisions.
    pub recent_activity: Vec<RecentActivity>,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// One of the latest decisions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecentActivity {
    /// Id of the content.
    pub content_id: String,
    /// Decision.
    pub decision: Status,
    /// Time of the decision.
    pub timestamp: Timestamp,
}

payload! {
    RecentActivityPayload<'de> {
        content_id: String = "content_id" => lax,
        decision: Status = "decision" | "status" => lax,
        timestamp: Timestamp = "timestamp" => lax,
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
    Payload<'de> {
        total_content: u64 = "total_content" | "total" => lax,
        approved: u64 = "approved" => lax,
        rejected: u64 = "rejected" => lax,
        flagged: u64 = "flagged" => lax,
        pending: u64 = "pending" => lax,
        approval_rate: f64 = "approval_rate" => lax,
        rejection_rate: f64 = "rejection_rate" => lax,
        flag_rate: f64 = "flag_rate" => lax,
        recent_activity: Vec<RecentActivity> = "recent_activity" => nullable,
    }
}

impl StatsUpdate {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let mut payload = Payload::default();
        reading.parse_into(&mut payload)?;
        let meta = reading.meta(payload.project_id, payload.event_id);
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
