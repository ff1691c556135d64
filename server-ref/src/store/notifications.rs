//! Notifications, and their `system_notification` event.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::accounts::time;
use super::{Actor, AuditDraft, EventDraft};
use crate::Error;
use crate::time::{Micros, rfc3339};

/// A notification from the operators. Only persistent ones are stored, until they are withdrawn.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = Notification)]
pub(crate) struct SystemNotification {
    pub(crate) id: String,
    /// Null if the notification is for all projects.
    pub(crate) project_id: Option<String>,
    #[sqlx(rename = "type")]
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

impl SystemNotification {
    /// Form in which the audit log shows the notification.
    pub(super) fn state(&self) -> Value {
        json!({"type": self.kind, "message": self.message})
    }

    /// Audit log entry for a new notification.
    pub(crate) fn created(&self, persistent: bool, by: &Actor) -> AuditDraft {
        let mut after = self.state();
        after["persistent"] = persistent.into();
        AuditDraft::new(by, "notification.create", &self.id).after(after)
    }
}

/// The documented payload. A persistent notification also has an id, by which it is withdrawn, and by which clients
/// recognise it when it is sent again.
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
    /// Payload of a persistent notification, as every joining socket receives it.
    pub(crate) fn of(notification: &'a SystemNotification, project_id: &'a str) -> Self {
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
