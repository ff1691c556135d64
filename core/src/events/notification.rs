//! `system_notification`: message from the server's operators.

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, payload, word_enum},
};

word_enum! {
    /// Severity of a notification.
    NotificationType {
        /// General information.
        Info = "info",
        /// A warning.
        Warning = "warning",
        /// Something failed.
        Error = "error",
        /// Something succeeded.
        Success = "success",
    }
}

/// Message from the server or its operators.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SystemNotification {
    /// Severity (`type` on the wire).
    pub notification_type: NotificationType,
    /// Message for people.
    pub message: String,
    /// Time at which the notification was sent.
    pub timestamp: Timestamp,
    /// True if the notification should stay visible until it is withdrawn.
    pub persistent: bool,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

payload! {
    Payload<'de> {
        notification_type: NotificationType = "type" => lax,
        message: String = "message" => lax,
        timestamp: Timestamp = "timestamp" => lax,
        persistent: bool = "persistent" => lax,
    }
}

impl SystemNotification {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let payload: Payload<'_> = reading.parse()?;
        let meta = reading.meta(payload.project_id, payload.event_id);
        Ok(Self {
            notification_type: payload.notification_type.unwrap_or(NotificationType::Info),
            message: payload.message.ok_or("message is missing")?,
            timestamp: payload.timestamp.unwrap_or_default(),
            persistent: payload.persistent.unwrap_or_default(),
            extra: payload.extra,
            meta,
        })
    }
}
