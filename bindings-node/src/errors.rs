//! Serializes errors as JSON, from which `lib/errors.ts` creates exceptions.

use automoderate::{Error, facade::ErrorRecord};
use serde_json::{Value, json};

/// Converts the facade's seconds to Node's milliseconds.
pub(crate) fn to_milliseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

pub(crate) fn record_to_json(record: &ErrorRecord) -> Value {
    json!({
        "code": record.code,
        "message": record.message,
        "retryable": record.retryable,
        "retryIn": record.retry_in.map(to_milliseconds),
        "stage": record.stage,
        "status": record.status,
        "body": record.body,
        "attempts": record.attempts,
        "cause": record.cause.as_deref().map(record_to_json),
    })
}

pub(crate) fn error_to_json_text(error: &Error) -> String {
    record_to_json(&error.into()).to_string()
}

/// Creates an exception whose message is the error as JSON, which `lib/errors.ts` converts.
pub(crate) fn to_exception(error: &Error) -> napi::Error {
    napi::Error::from_reason(error_to_json_text(error))
}
