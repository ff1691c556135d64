//! `user_activity`: what a user of the moderated application has been doing.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, nullable, wire},
};

/// What a user has been doing. Needs `user_id` in the metadata of submissions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserActivity {
    /// The user's id; a number on the wire is given as text.
    pub user_id: String,
    /// The user's figures.
    pub activity: Activity,
    /// The content that caused this event.
    pub triggered_by: Option<String>,
    /// When it was sent.
    pub timestamp: Timestamp,
    /// Fields that the documentation does not know.
    pub extra: Extra,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

/// A user's figures.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Activity {
    /// How much the user has submitted.
    pub total_submissions: Option<u64>,
    /// How much of it was rejected lately.
    pub recent_violations: Option<u64>,
    /// Percent approved.
    pub approval_rate: Option<f64>,
    /// The server's estimate; higher is riskier.
    pub risk_score: Option<f64>,
    /// Fields that the documentation does not know.
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

/// Figures as servers write them.
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
