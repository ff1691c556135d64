//! Errors as records.

use crate::Error;

/// [`Error`] as a plain record, from which a binding creates its own error.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ErrorRecord {
    /// Stable code.
    pub code: &'static str,
    /// Message for people.
    pub message: String,
    /// True if a retry can help.
    pub retryable: bool,
    /// Seconds to wait before a retry.
    pub retry_in: Option<f64>,
    /// Stage at which the connection attempt failed.
    pub stage: Option<&'static str>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Beginning of the HTTP body.
    pub body: Option<String>,
    /// Number of attempts.
    pub attempts: Option<u32>,
    /// Failure that led to this error.
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
