//! Errors as plain records for bindings.

use crate::Error;

/// [`Error`] as a plain record, which a binding converts to an error of its language.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ErrorRecord {
    /// Error code, which is stable and the same in all languages.
    pub code: &'static str,
    /// Human-readable message.
    pub message: String,
    /// True if a retry may succeed.
    pub retryable: bool,
    /// Time to wait before a retry, in seconds.
    pub retry_in: Option<f64>,
    /// Stage at which the connection attempt or REST call failed.
    pub stage: Option<&'static str>,
    /// Status code of the HTTP response.
    pub status: Option<u16>,
    /// Beginning of the body of the HTTP response, or the result of a refused item of a batch.
    pub body: Option<String>,
    /// Number of attempts that the client made before it gave up.
    pub attempts: Option<u32>,
    /// Error that caused this one.
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
