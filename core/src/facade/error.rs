//! Errors as records.

use crate::Error;

/// An [`Error`] with everything that a binding needs to raise its own.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ErrorRecord {
    /// The stable code.
    pub code: &'static str,
    /// The sentence for people.
    pub message: String,
    /// Whether a retry can help.
    pub retryable: bool,
    /// Seconds to wait before a retry.
    pub retry_in: Option<f64>,
    /// How far the attempt to connect had come.
    pub stage: Option<&'static str>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The beginning of the HTTP body.
    pub body: Option<String>,
    /// How many attempts were made.
    pub attempts: Option<u32>,
    /// What led to it.
    pub cause: Option<Box<ErrorRecord>>,
}

impl From<&Error> for ErrorRecord {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            retryable: error.is_retryable(),
            retry_in: error.retry_in().map(|pause| pause.as_secs_f64()),
            stage: error.stage().map(crate::Stage::as_str),
            status: error.status(),
            body: error.body().map(str::to_owned),
            attempts: error.attempts(),
            cause: error.cause().map(|cause| Box::new(cause.into())),
        }
    }
}
