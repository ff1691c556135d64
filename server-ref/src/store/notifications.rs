//! Notifications and the `system_notification` event that announces them.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::accounts::serialize_time;
use super::{Actor, AuditDraft, EventDraft};
use crate::Error;
use crate::time::{Micros, rfc3339};

/// A notification from an admin of a project or an administrator of the server. Persistent notifications are stored until they are
/// withdrawn; others are only published as events.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = Notification)]
pub(crate) struct SystemNotification {
    pub(crate) id: String,
    /// Id of the project, or null if the notification is for all projects.
    pub(crate) project_id: Option<String>,
    #[sqlx(rename = "type")]
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

impl SystemNotification {
    /// Returns the state of the notification for the audit log.
    pub(super) fn audit_state(&self) -> Value {
        json!({"type": self.kind, "message": self.message})
    }

    /// Returns the audit log entry for the creation of this notification.
    pub(crate) fn creation_audit(&self, persistent: bool, by: &Actor) -> AuditDraft {
        let mut after = self.audit_state();
        after["persistent"] = persistent.into();
        AuditDraft::new(by, "notification.create", &self.id).with_after(after)
    }
}

/// The documented payload of a `system_notification` event.
///
/// A persistent notification has an id. Clients use the id to detect duplicates, and callers of the API pass it to withdraw the
/// notification.
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
    /// Returns the payload that a joining socket receives for a persistent notification.
    pub(crate) fn of_persistent(notification: &'a SystemNotification, project_id: &'a str) -> Self {
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

/// Creates the event for a new notification, which is persistent if `id` is given.
pub(crate) fn notification_event(
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
