//! `user_activity`: figures about a user of the moderated application.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, nullable, wire},
};

/// Figures about one user, sent when the metadata of submissions contains `user_id`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserActivity {
    /// Id of the user; a number on the wire becomes text.
    pub user_id: String,
    /// Figures about the user.
    pub activity: Activity,
    /// Id of the content that caused this event.
    pub triggered_by: Option<String>,
    /// Time at which it was sent.
    pub timestamp: Timestamp,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// Figures about one user.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Activity {
    /// Number of submissions.
    pub total_submissions: Option<u64>,
    /// Number of recent rejections.
    pub recent_violations: Option<u64>,
    /// Percentage approved.
    pub approval_rate: Option<f64>,
    /// Risk estimated by the server; higher is riskier.
    pub risk_score: Option<f64>,
    /// Fields that are not documented.
    pub extra: Extra,
}

wire! {
    FiguresWire<'de> {
        total_submissions: u64 = "total_submissions" => lax,
        recent_violations: u64 = "recent_violations" => lax,
        approval_rate: f64 = "approval_rate" => lax,
        risk_score: f64 = "risk_score" => lax,
    }
}

/// Figures in the form that servers write.
pub(super) struct WireActivity(pub(super) Activity);

impl<'de> Deserialize<'de> for WireActivity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = FiguresWire::deserialize(deserializer)?;
        Ok(Self(Activity {
            total_submissions: wire.total_submissions,
            recent_violations: wire.recent_violations,
            approval_rate: wire.approval_rate,
            risk_score: wire.risk_score,
            extra: wire.extra,
        }))
    }
}

wire! {
    Wire<'de> {
        user_id: String = "user_id" => lax,
        activity: WireActivity = "activity" => nullable,
        triggered_by: String = "triggered_by" => lax,
        timestamp: Timestamp = "timestamp" => lax,
    }
}

impl UserActivity {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let wire: Wire<'_> = reading.parse()?;
        let meta = reading.meta(wire.project_id, wire.event_id);
        Ok(Self {
            user_id: wire.user_id.ok_or("user_id is missing")?,
            activity: wire.activity.map(|WireActivity(activity)| activity).unwrap_or_default(),
            triggered_by: wire.triggered_by,
            timestamp: wire.timestamp.unwrap_or_default(),
            extra: wire.extra,
            meta,
        })
    }
}
