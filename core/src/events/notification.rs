//! `system_notification`: a word from the server's operators.

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, wire, words},
};

words! {
    /// The tone of a notification.
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

/// A word from the server's operators, or from the server itself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SystemNotification {
    /// The tone (`type` on the wire).
    pub notification_type: NotificationType,
    /// The text for people.
    pub message: String,
    /// When it was sent.
    pub timestamp: Timestamp,
    /// Whether it should stay until it is withdrawn.
    pub persistent: bool,
    /// Fields that the documentation does not know.
    pub extra: Extra,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

wire! {
    Wire<'de> {
        notification_type: NotificationType = "type" => lax,
        message: String = "message" => lax,
        timestamp: Timestamp = "timestamp" => lax,
        persistent: bool = "persistent" => lax,
    }
}

impl SystemNotification {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let wire: Wire<'_> = reading.parse()?;
        let meta = reading.meta(wire.project_id, wire.event_id);
        Ok(Self {
            notification_type: wire.notification_type.unwrap_or(NotificationType::Info),
            message: wire.message.ok_or("message is missing")?,
            timestamp: wire.timestamp.unwrap_or_default(),
            persistent: wire.persistent.unwrap_or_default(),
            extra: wire.extra,
            meta,
        })
    }
}
