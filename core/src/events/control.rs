//! The server's error events, and events that no type fits.

use super::{
    Extra, Meta, RawJson,
    decode::Reading,
    fields::{lax, wire},
};

/// The server's own `error` event, when it answers nothing that the SDK asked. Also `authentication_failed` and
/// `project_access_denied`, with that as their [`code`](Self::code), when nothing else follows from them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerError {
    /// The server's words.
    pub message: String,
    /// A code, from servers that send one.
    pub code: Option<String>,
    /// Fields that the documentation does not know.
    pub extra: Extra,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

/// An event with a name that the SDK does not know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// The event's name.
    pub name: String,
    /// Its first argument; `null` if it has none.
    pub data: RawJson,
    /// Binary attachments, in the order of their placeholders in `data`.
    pub attachments: Vec<Vec<u8>>,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

/// A frame or an event that could not be read. What follows it is delivered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MalformedEvent {
    /// The event's name, if it could be read; otherwise empty.
    pub name: String,
    /// What came, as text; perhaps not valid JSON.
    pub data: RawJson,
    /// What is wrong with it.
    pub reason: String,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

/// The common shape of `error`, `authentication_failed` and `project_access_denied`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Notice {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) project_id: Option<super::ProjectId>,
    pub(crate) retry_after: Option<f64>,
}

wire! {
    Wire<'de> {
        message: String = "message" | "error" => lax,
        code: String = "code" | "error_code" => lax,
        retry_after: f64 = "retry_after" => lax,
    }
}

/// Reads the payload of an error event, whatever it is: an object, a bare text, or nothing.
pub(crate) fn notice(data: &str) -> Notice {
    if let Ok(wire) = serde_json::from_str::<Wire<'_>>(data) {
        return Notice {
            message: wire.message.unwrap_or_default(),
            code: wire.code,
            project_id: wire.project_id,
            retry_after: wire.retry_after.filter(|seconds| *seconds >= 0.0),
        };
    }
    let message = serde_json::from_str::<String>(data).unwrap_or_else(|_| data.to_owned());
    Notice { message, ..Notice::default() }
}

impl ServerError {
    pub(super) fn read(reading: &mut Reading<'_>, code: Option<&str>) -> Result<Self, String> {
        let (message, own_code, extra, meta) = match reading.parse::<Wire<'_>>() {
            Ok(mut wire) => {
                if let Some(seconds) = wire.retry_after {
                    wire.extra.insert("retry_after".into(), seconds.into());
                }
                let meta = reading.meta(wire.project_id, wire.event_id);
                (wire.message.unwrap_or_default(), wire.code, wire.extra, meta)
            }
            Err(_) => (reading.parse::<String>()?, None, Extra::new(), reading.meta(None, None)),
        };
        Ok(Self { message, code: own_code.or_else(|| code.map(str::to_owned)), extra, meta })
    }
}
