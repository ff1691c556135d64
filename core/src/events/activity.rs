//! `user_activity`: submission statistics for one user of the moderated application.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::PayloadReader,
    payload_fields::{coerced_scalar, nullable, payload},
};

/// Submission statistics for one user of the moderated application.
///
/// Servers send this event only for content whose metadata contains a `user_id`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserActivity {
    /// Id of the user. A numeric id is converted to text.
    pub user_id: String,
    /// Statistics for the user.
    pub activity: Activity,
    /// Id of the content whose submission or review caused this event.
    pub triggered_by: Option<String>,
    /// Time at which the server sent the event.
    pub timestamp: Timestamp,
    /// Undocumented fields.
    pub extra: Extra,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

/// Submission statistics for one user.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Activity {
    /// Total number of the user's submissions.
    pub total_submissions: Option<u64>,
    /// Number of the user's submissions that were rejected recently.
    pub recent_violations: Option<u64>,
    /// Percentage of the user's submissions that were approved.
    pub approval_rate: Option<f64>,
    /// Risk score that the server assigns to the user. A higher score means a higher risk.
    pub risk_score: Option<f64>,
    /// Undocumented fields.
    pub extra: Extra,
}

payload! {
    ActivityPayload<'de> {
        total_submissions: u64 = "total_submissions" => coerced_scalar,
        recent_violations: u64 = "recent_violations" => coerced_scalar,
        approval_rate: f64 = "approval_rate" => coerced_scalar,
        risk_score: f64 = "risk_score" => coerced_scalar,
    }
}

/// [`Activity`] deserialized from any of the forms that servers send.
pub(super) struct ActivityFromServer(pub(super) Activity);

impl<'de> Deserialize<'de> for ActivityFromServer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let payload = ActivityPayload::deserialize(deserializer)?;
        Ok(Self(Activity {
            total_submissions: payload.total_submissions,
            recent_violations: payload.recent_violations,
            approval_rate: payload.approval_rate,
            risk_score: payload.risk_score,
            extra: payload.extra,
        }))
    }
}

payload! {
    UserActivityPayload<'de> {
        user_id: String = "user_id" => coerced_scalar,
        activity: ActivityFromServer = "activity" => nullable,
        triggered_by: String = "triggered_by" => coerced_scalar,
        timestamp: Timestamp = "timestamp" => coerced_scalar,
    }
}

impl UserActivity {
    pub(super) fn read(reader: &mut PayloadReader<'_>) -> Result<Self, String> {
        let payload: UserActivityPayload<'_> = reader.parse()?;
        let meta = reader.meta(payload.project_id, payload.event_id);
        Ok(Self {
            user_id: payload.user_id.ok_or("user_id is missing")?,
            activity: payload.activity.map(|ActivityFromServer(activity)| activity).unwrap_or_default(),
            triggered_by: payload.triggered_by,
            timestamp: payload.timestamp.unwrap_or_default(),
            extra: payload.extra,
            meta,
        })
    }
}
