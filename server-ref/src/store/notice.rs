//! The `system_notification` event.

use serde::Serialize;

use super::{Draft, Notification};
use crate::Error;
use crate::time::{Micros, rfc3339};

/// The documented payload. Persistent ones also have an id, by which they are withdrawn, and recognised when they are
/// repeated.
#[derive(Debug, Serialize)]
pub(crate) struct Payload<'a> {
    r#type: &'a str,
    message: &'a str,
    timestamp: String,
    persistent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_id: Option<&'a str>,
    project_id: &'a str,
}

impl<'a> Payload<'a> {
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
pub(crate) fn event(project_id: &str, id: Option<&str>, kind: &str, message: &str, at: Micros) -> Result<Draft, Error> {
    let payload = Payload {
        r#type: kind,
        message,
        timestamp: rfc3339(at),
        persistent: id.is_some(),
        notification_id: id,
        project_id,
    };
    Draft::new("system_notification", &payload)
}
