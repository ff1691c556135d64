//! Errors as records.

use automoderate::{Error, facade::ErrorRecord};

/// One error, without what led to it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Fault {
    /// The stable code.
    pub code: String,
    /// The sentence for people.
    pub text: String,
    /// Whether a retry can help.
    pub retryable: bool,
    /// Seconds to wait before a retry.
    pub retry_in: Option<f64>,
    /// How far the attempt to connect had come.
    pub stage: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The beginning of the HTTP body.
    pub body: Option<String>,
    /// How many attempts were made.
    pub attempts: Option<u32>,
}

/// What every exported function may fail with.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// The SDK's error, and behind it what led to it, the nearest first.
    #[error("{}", faults.first().map_or("no fault", |fault| &fault.text))]
    Failed {
        /// The error and its causes.
        faults: Vec<Fault>,
    },
    /// The caller did not want to wait any longer.
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

/// The error and what led to it.
pub(crate) fn chain(record: &ErrorRecord) -> Vec<Fault> {
    std::iter::successors(Some(record), |record| record.cause.as_deref()).map(Fault::from).collect()
}

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        Self::Failed { faults: chain(&ErrorRecord::from(&error)) }
    }
}

/// An argument that can't be used; the text names it.
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

/// Fails, or panics: by which the tests of a binding see that neither ends the process.
///
/// # Errors
/// Always.
///
/// # Panics
/// If it is told to.
#[uniffi::export]
pub fn fail_on_purpose(panic: bool) -> Result<(), NativeError> {
    assert!(!panic, "panicked on purpose");
    Err(invalid("failed on purpose"))
}

/// The same while somebody waits.
///
/// # Errors
/// Always.
///
/// # Panics
/// If it is told to.
#[uniffi::export]
pub async fn fail_on_purpose_later(panic: bool) -> Result<(), NativeError> {
    tokio::task::yield_now().await;
    fail_on_purpose(panic)
}
