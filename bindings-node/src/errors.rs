//! Errors as JSON. The class is in `lib/errors.ts`.

use automoderate::{Error, facade::ErrorRecord};
use serde_json::{Value, json};

/// Milliseconds, Node's unit, from the facade's seconds.
pub(crate) fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

pub(crate) fn to_value(record: &ErrorRecord) -> Value {
    json!({
        "code": record.code,
        "message": record.message,
        "retryable": record.retryable,
        "retryIn": record.retry_in.map(milliseconds),
        "stage": record.stage,
        "status": record.status,
        "body": record.body,
        "attempts": record.attempts,
        "cause": record.cause.as_deref().map(to_value),
    })
}

pub(crate) fn text(error: &Error) -> String {
    to_value(&error.into()).to_string()
}

/// An exception for `lib/errors.ts` to catch: its message is the error as JSON.
pub(crate) fn raise(error: &Error) -> napi::Error {
    napi::Error::from_reason(text(error))
}
