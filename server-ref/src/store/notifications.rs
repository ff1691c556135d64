//! Notifications, and their `system_notification` event.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::accounts::time;
use super::{Actor, AuditDraft, EventDraft};
use crate::Error;
use crate::time::{Micros, rfc3339};

/// A notification that is in force until it is withdrawn.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Notification {
    pub(crate) id: String,
    /// Null: for all projects.
    pub(crate) project_id: Option<String>,
    #[sqlx(rename = "type")]
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

impl Notification {
    /// As the audit log shows it.
    pub(super) fn state(&self) -> Value {
        json!({"type": self.kind, "message": self.message})
    }

    /// The audit log's entry of a new one.
    pub(crate) fn created(&self, persistent: bool, by: &Actor) -> AuditDraft {
        let mut after = self.state();
        after["persistent"] = persistent.into();
        AuditDraft::new(by, "notification.create", &self.id).after(after)
    }
}

/// The documented payload. Persistent ones also have an id, by which they are withdrawn, and recognised when they are
/// repeated.
#[derive(Debug, Serialize)]
pub(crate) struct NotificationPayload<'a> {
    r#type: &'a str,
    message: &'a str,
    timestamp: String,
    persistent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_id: Option<&'a str>,
    project_id: &'a str,
}

impl<'a> NotificationPayload<'a> {
    /// The notifications that a joining socket receives again.
    pub(crate) fn of(notification: &'a Notification, project_id: &'a str) -> Self {
        Self {
            r#type: &notification.kind,
            message: &notification.message,
            timestamp: rfc3339(notification.created_at),
            persistent: true,
            notification_id: Some(&notification.id),
            project_id,
        }
    }
}

/// The event of a new notification; persistent if it has an id.
pub(crate) fn event(
    project_id: &str,
    id: Option<&str>,
    kind: &str,
    message: &str,
    at: Micros,
) -> Result<EventDraft, Error> {
    let payload = NotificationPayload {
        r#type: kind,
        message,
        timestamp: rfc3339(at),
        persistent: id.is_some(),
        notification_id: id,
        project_id,
    };
    EventDraft::new("system_notification", &payload)
}
