//! Error type of the SDK. An error has a stable code and states whether a retry can help. Known secrets are redacted.

mod kind;
mod stage;

use std::{fmt, sync::Arc, time::Duration};

pub use kind::ErrorKind;
pub use stage::Stage;

/// Error returned by the SDK.
///
/// The message is intended for humans and may change. Programs should match on [`kind`](Self::kind) or
/// [`code`](Self::code). API keys, passwords and cookies of at least six bytes are redacted in all errors.
///
/// Errors are cheap to clone, so that one failure can end many streams.
#[derive(Clone)]
pub struct Error(Arc<ErrorInner>);

#[derive(Clone)]
struct ErrorInner {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    retry_in: Option<Duration>,
    stage: Option<Stage>,
    status: Option<u16>,
    body: Option<String>,
    attempts: Option<u32>,
    cause: Option<Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(ErrorInner {
            kind,
            message: message.into(),
            retryable: kind.is_retryable(),
            retry_in: None,
            stage: None,
            status: None,
            body: None,
            attempts: None,
            cause: None,
        }))
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn closed() -> Self {
        Self::new(ErrorKind::Closed, "the client is closed")
    }

    pub(crate) fn connect_failed(stage: Stage, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ConnectFailed, message).modify(|e| e.stage = Some(stage))
    }

    pub(crate) fn with_retry_in(self, retry_in: Duration) -> Self {
        self.modify(|e| e.retry_in = Some(retry_in))
    }

    pub(crate) fn with_stage(self, stage: Stage) -> Self {
        self.modify(|e| e.stage = Some(stage))
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.modify(|e| e.status = Some(status))
    }

    pub(crate) fn with_body(self, body: impl Into<String>) -> Self {
        self.modify(|e| e.body = Some(body.into()))
    }

    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        self.modify(|e| e.attempts = Some(attempts))
    }

    pub(crate) fn with_cause(self, cause: Error) -> Self {
        self.modify(|e| e.cause = Some(cause))
    }

    pub(crate) fn with_retryable(self, retryable: bool) -> Self {
        self.modify(|e| e.retryable = retryable)
    }

    /// Replaces the messages and bodies, which may contain secrets that a server has echoed, in the error and in its
    /// causes. Each function returns the new text, or `None` to keep the old text.
    pub(crate) fn replace_texts(
        self,
        in_message: &dyn Fn(&str) -> Option<String>,
        in_body: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let (message, body) = (in_message(&self.0.message), self.0.body.as_deref().and_then(in_body));
        let cause = self.0.cause.clone().map(|cause| cause.replace_texts(in_message, in_body));
        self.modify(|e| {
            e.message = message.unwrap_or_else(|| std::mem::take(&mut e.message));
            e.body = body.or_else(|| e.body.take());
            e.cause = cause;
        })
    }

    fn modify(mut self, change: impl FnOnce(&mut ErrorInner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the stable code of the [`kind`](Self::kind), which is the same in the SDK for every programming
    /// language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Returns the human-readable message, as printed by `Display`. The message may repeat that of the
    /// [`cause`](Self::cause).
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns `true` if the operation may succeed later, if necessary with a new client or stream.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns the time to wait before a retry, if known.
    #[must_use]
    pub fn retry_in(&self) -> Option<Duration> {
        self.0.retry_in
    }

    /// Returns the stage at which a connection attempt or a REST call failed, if known.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.0.stage
    }

    /// Returns the HTTP status of the response that reported the error, if any.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the beginning of the body of the response that reported the error, or the item's result if the server
    /// refused an item of a batch.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// Returns the number of attempts before the client gave up, counted from the loss of the last stable connection.
    /// If no connection was stable, the first attempt is not counted. `None` if the client did not give up.
    #[must_use]
    pub fn attempts(&self) -> Option<u32> {
        self.0.attempts
    }

    /// Returns the failure that led to this error, if any.
    #[must_use]
    pub fn cause(&self) -> Option<&Error> {
        self.0.cause.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("code", &self.code()).field("message", &self.0.message);
        if let Some(status) = self.0.status {
            out.field("status", &status);
        }
        if let Some(cause) = &self.0.cause {
            out.field("cause", cause);
        }
        out.finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
