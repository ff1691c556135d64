//! Errors as records.

use automoderate::{Error, facade::ErrorRecord};

/// One error, without its causes.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Fault {
    /// The stable code.
    pub code: String,
    /// The message for people.
    pub text: String,
    /// True if a retry can help.
    pub retryable: bool,
    /// Seconds to wait before a retry.
    pub retry_in: Option<f64>,
    /// The stage that the connection attempt had reached.
    pub stage: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The beginning of the HTTP body.
    pub body: Option<String>,
    /// The number of attempts.
    pub attempts: Option<u32>,
}

/// The errors of every exported function.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// The SDK's error, followed by its causes, the nearest first.
    #[error("{}", faults.first().map_or("no fault", |fault| &fault.text))]
    Failed {
        /// The error and its causes.
        faults: Vec<Fault>,
    },
    /// The caller stopped waiting.
    #[error("cancelled")]
    Cancelled,
}

impl From<&ErrorRecord> for Fault {
    fn from(record: &ErrorRecord) -> Self {
        Self {
            code: record.code.to_owned(),
            text: record.message.clone(),
            retryable: record.retryable,
            retry_in: record.retry_in,
            stage: record.stage.map(str::to_owned),
            status: record.status,
            body: record.body.clone(),
            attempts: record.attempts,
        }
    }
}

/// The error and its causes.
pub(crate) fn chain(record: &ErrorRecord) -> Vec<Fault> {
    std::iter::successors(Some(record), |record| record.cause.as_deref()).map(Fault::from).collect()
}

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        Self::Failed { faults: chain(&ErrorRecord::from(&error)) }
    }
}

/// An invalid argument; the text names it.
pub(crate) fn invalid(text: impl Into<String>) -> NativeError {
    let fault = Fault {
        code: "invalid_argument".into(),
        text: text.into(),
        retryable: false,
        retry_in: None,
        stage: None,
        status: None,
        body: None,
        attempts: None,
    };
    NativeError::Failed { faults: vec![fault] }
}

/// Fails or panics, so that a binding's tests can check that neither ends the process.
///
/// # Errors
/// Always.
///
/// # Panics
/// If requested.
#[uniffi::export]
pub fn fail_on_purpose(panic: bool) -> Result<(), NativeError> {
    assert!(!panic, "panicked on purpose");
    Err(invalid("failed on purpose"))
}

/// The same during a wait.
///
/// # Errors
/// Always.
///
/// # Panics
/// If requested.
#[uniffi::export]
pub async fn fail_on_purpose_later(panic: bool) -> Result<(), NativeError> {
    tokio::task::yield_now().await;
    fail_on_purpose(panic)
}
