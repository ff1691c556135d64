//! Failures that clients receive, and acknowledgements.

use std::time::Duration;

use serde::Serialize;
use socketioxide::extract::{AckSender, SocketRef};

use crate::store::Scope;

/// The reason why a request was refused or access was withdrawn, as clients receive it. The codes are part of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) project_id: Option<String>,
    /// Whole seconds to wait before a retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
    /// Scope that the API key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Scope>,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code, project_id: None, retry_after: None, scope: None }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new("invalid_argument", message)
    }

    /// Creates the failure for an API key without this scope.
    pub(super) fn missing_scope(scope: Scope) -> Self {
        let message = format!("The API key lacks the scope `{}`", scope.as_str());
        Self { scope: Some(scope), ..Self::new("access_denied", message) }
    }

    pub(super) fn rate_limited(wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let mut failure = Self::new("rate_limited", format!("Too many events, try again in {seconds} s"));
        failure.retry_after = Some(seconds);
        failure
    }

    /// Logs an unexpected error and creates a failure without its details.
    pub(super) fn internal(error: &crate::Error) -> Self {
        tracing::error!(error = error as &dyn std::error::Error, "a request failed");
        Self::new("server_error", "Server error occurred")
    }

    pub(super) fn with_project(mut self, project_id: &str) -> Self {
        self.project_id = Some(project_id.to_owned());
        self
    }

    /// Returns the name of the event that reports the failure.
    pub(super) fn event_name(&self) -> &'static str {
        match self.code {
            "access_denied" => "project_access_denied",
            _ => "error",
        }
    }
}

/// Emits an event. The event is lost if the socket is closed or its send buffer is full.
pub(super) fn emit(socket: &SocketRef, event: &str, payload: &impl Serialize) {
    if let Err(error) = socket.emit(event, payload) {
        tracing::debug!(sid = %socket.id, event, %error, "a reply was not sent");
    }
}

/// Sends the acknowledgement if the client requested one. If there is a reply event, callers must emit it first.
pub(super) fn acknowledge(ack: AckSender, payload: &impl Serialize) {
    if let Err(error) = ack.send(payload) {
        tracing::debug!(%error, "an acknowledgement was not sent");
    }
}

/// The acknowledgement of a request other than a replay: `{"ok":true}` or `{"ok":false,"code",…}`.
#[derive(Serialize)]
pub(super) struct RequestAck<'a> {
    ok: bool,
    #[serde(flatten)]
    failure: Option<&'a Failure>,
}

impl<'a> RequestAck<'a> {
    pub(super) fn from(result: Result<(), &'a Failure>) -> Self {
        Self { ok: result.is_ok(), failure: result.err() }
    }
}
