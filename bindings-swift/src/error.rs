//! Errors as UniFFI records.

use automoderate::{Error, facade::ErrorRecord};

/// Error without its causes.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct NativeErrorRecord {
    /// Stable error code.
    pub code: String,
    /// Human-readable message.
    pub message: String,
    /// True if the same call may succeed later.
    pub retryable: bool,
    /// Time to wait before a retry, in seconds, if known.
    pub retry_in: Option<f64>,
    /// Stage at which the connection attempt failed.
    pub stage: Option<String>,
    /// HTTP status of the server's response.
    pub status: Option<u16>,
    /// Beginning of the body of the server's response.
    pub body: Option<String>,
    /// Number of attempts after which the client gave up.
    pub attempts: Option<u32>,
}

/// Error that any exported function may return.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// The SDK returned an error.
    #[error("{}", error_chain.first().map_or("no error record", |record| &record.message))]
    Failed {
        /// The error, followed by its causes.
        error_chain: Vec<NativeErrorRecord>,
    },
    /// The call was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<&ErrorRecord> for NativeErrorRecord {
    fn from(record: &ErrorRecord) -> Self {
        Self {
            code: record.code.to_owned(),
            message: record.message.clone(),
            retryable: record.retryable,
            retry_in: record.retry_in,
            stage: record.stage.map(str::to_owned),
            status: record.status,
            body: record.body.clone(),
            attempts: record.attempts,
        }
    }
}

/// Converts an error and its causes to a list that starts with the error.
pub(crate) fn error_chain(record: &ErrorRecord) -> Vec<NativeErrorRecord> {
    std::iter::successors(Some(record), |record| record.cause.as_deref()).map(NativeErrorRecord::from).collect()
}

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        Self::Failed { error_chain: error_chain(&ErrorRecord::from(&error)) }
    }
}

/// Creates an `invalid_argument` error. The message must name the argument.
pub(crate) fn invalid_argument(message: impl Into<String>) -> NativeError {
    let record = NativeErrorRecord {
        code: "invalid_argument".into(),
        message: message.into(),
        retryable: false,
        retry_in: None,
        stage: None,
        status: None,
        body: None,
        attempts: None,
    };
    NativeError::Failed { error_chain: vec![record] }
}

/// Fails or panics. Tests use this function to check that neither an error nor a panic ends the process.
///
/// # Errors
/// Always.
///
/// # Panics
/// If `panic` is true.
#[uniffi::export]
pub fn fail_on_purpose(panic: bool) -> Result<(), NativeError> {
    assert!(!panic, "panicked on purpose");
    Err(invalid_argument("failed on purpose"))
}

/// Fails or panics in an asynchronous call. Tests use this function to check that neither an error nor a panic ends
/// the process.
///
/// # Errors
/// Always.
///
/// # Panics
/// If `panic` is true.
#[uniffi::export]
pub async fn fail_on_purpose_async(panic: bool) -> Result<(), NativeError> {
    tokio::task::yield_now().await;
    fail_on_purpose(panic)
}
