//! `system_notification`: message from the server or its operators.

use super::{
    Extra, Meta, Timestamp,
    decode::PayloadReader,
    payload_fields::{coerced_scalar, payload, word_enum},
};

word_enum! {
    /// Severity of a notification.
    NotificationType {
        /// General information.
        Info = "info",
        /// Potential problem.
        Warning = "warning",
        /// Failed operation or outage.
        Error = "error",
        /// Successful operation.
        Success = "success",
    }
}

/// Message from the server or its operators.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SystemNotification {
    /// Severity of the notification (`type` on the wire).
    pub notification_type: NotificationType,
    /// Human-readable message.
    pub message: String,
    /// Time at which the server sent the notification.
    pub timestamp: Timestamp,
    /// True if the notification should stay visible until it is withdrawn.
    pub persistent: bool,
    /// Undocumented fields.
    pub extra: Extra,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

payload! {
    NotificationPayload<'de> {
        notification_type: NotificationType = "type" => coerced_scalar,
        message: String = "message" => coerced_scalar,
        timestamp: Timestamp = "timestamp" => coerced_scalar,
        persistent: bool = "persistent" => coerced_scalar,
    }
}

impl SystemNotification {
    pub(super) fn read(reader: &mut PayloadReader<'_>) -> Result<Self, String> {
        let payload: NotificationPayload<'_> = reader.parse()?;
        let meta = reader.meta(payload.project_id, payload.event_id);
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
