//! Server errors, unknown events and malformed events.

use super::{
    Extra, Meta, RawJson,
    decode::PayloadReader,
    payload_fields::{coerced_scalar, payload},
};

/// Error that the server sent as an event.
///
/// This type represents the server's `error` event, unless the event is the reply to a request from the SDK. The event
/// `project_access_denied` also appears as this type if it neither refuses a join nor withdraws access to a
/// project. Its [`code`](Self::code) is then `access_denied`, unless the server sends another code.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerError {
    /// The server's message.
    pub message: String,
    /// Error code, if the server sends one.
    pub code: Option<String>,
    /// Undocumented fields.
    pub extra: Extra,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

/// Event with a name that the SDK does not know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Name of the event.
    pub name: String,
    /// First argument of the event; `null` if the event has none.
    pub data: RawJson,
    /// Binary attachments, in the order of their placeholders in `data`.
    pub attachments: Vec<Vec<u8>>,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

/// Frame, event or backfilled item that could not be decoded. The stream continues after it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MalformedEvent {
    /// Name of the event; empty if the name itself could not be decoded.
    pub name: String,
    /// Data as received, which may be invalid JSON.
    pub data: RawJson,
    /// Reason why decoding failed.
    pub reason: String,
    /// Metadata added by the SDK.
    pub meta: Meta,
}

/// Decoded payload of a refusal: an error event, a CONNECT_ERROR packet or the acknowledgement of a refused request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ServerRefusal {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) project_id: Option<super::ProjectId>,
    pub(crate) retry_after: Option<f64>,
}

payload! {
    ErrorPayload<'de> {
        message: String = "message" | "error" => coerced_scalar,
        code: String = "code" | "error_code" => coerced_scalar,
        retry_after: f64 = "retry_after" => coerced_scalar,
    }
}

/// Decodes the payload of a refusal, which is an object, a bare string or empty.
pub(crate) fn parse_refusal(data: &str) -> ServerRefusal {
    if let Ok(payload) = serde_json::from_str::<ErrorPayload<'_>>(data) {
        return ServerRefusal {
            message: payload.message.unwrap_or_default(),
            code: payload.code,
            project_id: payload.project_id,
            retry_after: payload.retry_after.filter(|seconds| *seconds >= 0.0),
        };
    }
    let message = serde_json::from_str::<String>(data).unwrap_or_else(|_| data.to_owned());
    ServerRefusal { message, ..ServerRefusal::default() }
}

impl ServerError {
    pub(super) fn read(reader: &mut PayloadReader<'_>, default_code: Option<&str>) -> Result<Self, String> {
        let (message, payload_code, extra, meta) = match reader.parse::<ErrorPayload<'_>>() {
            Ok(mut payload) => {
                if let Some(seconds) = payload.retry_after {
                    payload.extra.insert("retry_after".into(), seconds.into());
                }
                let meta = reader.meta(payload.project_id, payload.event_id);
                (payload.message.unwrap_or_default(), payload.code, payload.extra, meta)
            }
            Err(_) => (reader.parse::<String>()?, None, Extra::new(), reader.meta(None, None)),
        };
        Ok(Self { message, code: payload_code.or_else(|| default_code.map(str::to_owned)), extra, meta })
    }
}
