//! `user_activity`: submission statistics of one user of the moderated application.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, nullable, payload},
};

/// Submission statistics of one user of the moderated application. Sent if the metadata of submissions contains
/// `user_id`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserActivity {
    /// Id of the user; a number on the wire becomes text.
    pub user_id: String,
    /// Statistics of the user.
    pub activity: Activity,
    /// Id of the content that caused this event.
    pub triggered_by: Option<String>,
    /// Time at which the event was sent.
    pub timestamp: Timestamp,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// Submission statistics of one user.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Activity {
    /// Number of submissions.
    pub total_submissions: Option<u64>,
    /// Number of recent rejections.
    pub recent_violations: Option<u64>,
    /// Percentage of the submissions that was approved.
    pub approval_rate: Option<f64>,
    /// Risk estimated by the server; higher is riskier.
    pub risk_score: Option<f64>,
    /// Fields that are not documented.
    pub extra: Extra,
}

payload! {
    ActivityPayload<'de> {
        total_submissions: u64 = "total_submissions" => lax,
        recent_violations: u64 = "recent_violations" => lax,
        approval_rate: f64 = "approval_rate" => lax,
        risk_score: f64 = "risk_score" => lax,
    }
}

/// [`Activity`] in the form that servers write.
pub(super) struct LenientActivity(pub(super) Activity);

impl<'de> Deserialize<'de> for LenientActivity {
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
    Payload<'de> {
        user_id: String = "user_id" => lax,
        activity: LenientActivity = "activity" => nullable,
        triggered_by: String = "triggered_by" => lax,
        timestamp: Timestamp = "timestamp" => lax,
    }
}

impl UserActivity {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let payload: Payload<'_> = reading.parse()?;
        let meta = reading.meta(payload.project_id, payload.event_id);
        Ok(Self {
            user_id: payload.user_id.ok_or("user_id is missing")?,
            activity: payload.activity.map(|LenientActivity(activity)| activity).unwrap_or_default(),
            triggered_by: payload.triggered_by,
            timestamp: payload.timestamp.unwrap_or_default(),
            extra: payload.extra,
            meta,
        })
    }
}
