//! Error events of the server, and events that fit no type.

use super::{
    Extra, Meta, RawJson,
    decode::Reading,
    fields::{lax, payload},
};

/// The server's own `error` event, unless it answers a request of the SDK. Also stands for `authentication_failed` and
/// `project_access_denied`, with that name as [`code`](Self::code), if they have no other consequence.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerError {
    /// The server's message.
    pub message: String,
    /// Error code, if the server sends one.
    pub code: Option<String>,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// Event whose name is unknown to the SDK.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Name of the event.
    pub name: String,
    /// First argument; `null` if there is none.
    pub data: RawJson,
    /// Binary attachments, in the order of their placeholders in `data`.
    pub attachments: Vec<Vec<u8>>,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// Frame or event that could not be decoded. Delivery continues after it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MalformedEvent {
    /// Name of the event; empty if it could not be decoded.
    pub name: String,
    /// Data as received. May be invalid JSON.
    pub data: RawJson,
    /// Reason why the frame or event could not be decoded.
    pub reason: String,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// Payload shared by `error`, `authentication_failed` and `project_access_denied`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServerRejection {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) project_id: Option<super::ProjectId>,
    pub(crate) retry_after: Option<f64>,
}

payload! {
    Payload<'de> {
        message: String = "message" | "error" => lax,
        code: String = "code" | "error_code" => lax,
        retry_after: f64 = "retry_after" => lax,
    }
}

/// Decodes the payload of an error event: an object, a bare text, or nothing.
pub(crate) fn parse_rejection(data: &str) -> ServerRejection {
    if let Ok(payload) = serde_json::from_str::<Payload<'_>>(data) {
        return ServerRejection {
            message: payload.message.unwrap_or_default(),
            code: payload.code,
            project_id: payload.project_id,
            retry_after: payload.retry_after.filter(|seconds| *seconds >= 0.0),
        };
    }
    let message = serde_json::from_str::<String>(data).unwrap_or_else(|_| data.to_owned());
    ServerRejection { message, ..ServerRejection::default() }
}

impl ServerError {
    pub(super) fn read(reading: &mut Reading<'_>, code: Option<&str>) -> Result<Self, String> {
        let (message, own_code, extra, meta) = match reading.parse::<Payload<'_>>() {
            Ok(mut payload) => {
                if let Some(seconds) = payload.retry_after {
                    payload.extra.insert("retry_after".into(), seconds.into());
                }
                let meta = reading.meta(payload.project_id, payload.event_id);
                (payload.message.unwrap_or_default(), payload.code, payload.extra, meta)
            }
            Err(_) => (reading.parse::<String>()?, None, Extra::new(), reading.meta(None, None)),
        };
        Ok(Self { message, code: own_code.or_else(|| code.map(str::to_owned)), extra, meta })
    }
}
