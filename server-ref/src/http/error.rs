//! Error responses: `{"success":false,"error","code","error_code"}`.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Error;
use crate::auth::KeyRefusal;
use crate::store::{DbFault, Scope};

/// Seconds to wait before a retry after a temporary failure, such as an unavailable database. Databases usually restart within seconds.
const DEFAULT_RETRY_AFTER_SECONDS: u64 = 1;

const IDEMPOTENCY_MISMATCH_CODE: &str = "idempotency_mismatch";
const OUTCOME_UNKNOWN_CODE: &str = "outcome_unknown";

/// The response body of a failed request to the REST interface, and the result of a refused item in a batch.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorAnswer {
    success: bool,
    /// Message for people.
    error: String,
    /// Code for programs.
    code: &'static str,
    /// Same as `code`, under the name that deployed servers use.
    error_code: &'static str,
    /// Whole seconds to wait before a retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// Scope that the API key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
}

#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: Option<u64>,
    scope: Option<Scope>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_seconds: None, scope: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_argument", message)
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_failed", message)
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "access_denied", message)
    }

    /// Creates the error for an API key without this scope.
    pub(super) fn missing_scope(scope: Scope) -> Self {
        let message = format!("The API key lacks the scope `{}`", scope.as_str());
        Self { scope: Some(scope), ..Self::forbidden(&message) }
    }

    /// Creates the error for an API key or a token that is refused.
    pub(super) fn key_refused(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::OriginNotAllowed => Self::forbidden(&refusal.to_string()),
            _ => Self::new(StatusCode::UNAUTHORIZED, refusal.code(), refusal.to_string()),
        }
    }

    /// Creates the error for a well-formed request with a value that can't be accepted, such as a name that is too long.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", message)
    }

    pub(super) fn conflict(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// Creates the error for a password change in which the current password is wrong.
    pub(super) fn wrong_current_password() -> Self {
        Self::new(StatusCode::FORBIDDEN, "wrong_password", "The current password is wrong")
    }

    /// Creates the error for a missing or wrong CSRF token.
    pub(super) fn csrf_failed() -> Self {
        let message = "The X-CSRF-Token header is missing or wrong; GET /auth/csrf returns the token";
        Self::new(StatusCode::FORBIDDEN, "csrf_failed", message)
    }

    pub(super) fn too_many_attempts(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let message = format!("Too many attempts; try again in {seconds} s");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
        Self { retry_after_seconds: Some(seconds), ..error }
    }

    /// Creates the error for an API key that has reached its limit on requests per minute.
    pub(super) fn key_rate_limited(wait: Duration) -> Self {
        let error = Self::too_many_attempts(wait);
        let seconds = error.retry_after_seconds.unwrap_or_default();
        Self { message: format!("The API key has no requests left; try again in {seconds} s"), ..error }
    }

    /// Creates the error for a request that was not answered in time. The request may have taken effect.
    pub(super) fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request took too long")
            .with_default_retry_after()
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The request is too large")
    }

    pub(super) fn database_unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The database does not answer")
            .with_default_retry_after()
    }

    fn storage_full() -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", "The server has no space left")
            .with_default_retry_after()
    }

    /// Returns true if the error must fail a whole batch that has an idempotency key. This is the case if a retry may succeed, if the
    /// server failed, or if the key was used for another request.
    pub(super) fn should_fail_batch(&self) -> bool {
        self.retry_after_seconds.is_some() || self.status.is_server_error() || self.code == IDEMPOTENCY_MISMATCH_CODE
    }

    /// Returns the error for a batch of which some items may have been stored. A client must not mistake it for a refusal of the whole
    /// batch, so the status is 503.
    pub(super) fn for_partly_stored_batch(self) -> Self {
        let message = format!(
            "Some items may have been stored; repeat the request with the same Idempotency-Key. {}",
            self.message
        );
        let unknown = Self::new(StatusCode::SERVICE_UNAVAILABLE, OUTCOME_UNKNOWN_CODE, message);
        match self.retry_after_seconds {
            Some(_) => Self { retry_after_seconds: self.retry_after_seconds, ..unknown },
            None => unknown.with_default_retry_after(),
        }
    }

    /// Returns true if the change may have been stored although the request failed.
    pub(super) fn is_outcome_unknown(&self) -> bool {
        self.code == OUTCOME_UNKNOWN_CODE
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the message for people.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Adds the time after which a retry may succeed.
    fn with_default_retry_after(self) -> Self {
        Self { retry_after_seconds: Some(DEFAULT_RETRY_AFTER_SECONDS), ..self }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let message = format!("{method} is not allowed here");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }
}

impl From<Error> for ApiError {
    /// Converts an error. Details of unexpected errors are logged but not sent to the client.
    fn from(error: Error) -> Self {
        match error {
            Error::ShuttingDown => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server is shutting down")
            }
            Error::OutcomeUnknown => {
                let message = "The connection to the database was lost; the change may or may not have been made";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, OUTCOME_UNKNOWN_CODE, message).with_default_retry_after()
            }
            Error::Busy => {
                let message = "Too many requests of this kind are waiting";
                Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message).with_default_retry_after()
            }
            Error::Unavailable => Self::database_unavailable(),
            Error::StorageFull => Self::storage_full(),
            Error::Database(error) => Self::from(error),
            Error::NotFound(what) => Self::not_found(&format!("{what} not found")),
            Error::InvalidRule(reason) | Error::RuleTooLarge(reason) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_rule", reason)
            }
            Error::Forbidden(reason) => Self::forbidden(reason),
            Error::Refused(reason) => Self::unprocessable(reason),
            Error::NulCharacter(_) => Self::unprocessable(error.to_string()),
            Error::Conflict(code, message) => Self::conflict(code, message),
            Error::IdempotencyMismatch => {
                let message = "The Idempotency-Key was used for another request; use a new key for each request";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, IDEMPOTENCY_MISMATCH_CODE, message)
            }
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "server_error", "Internal server error")
            }
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let fault = DbFault::of(&error);
        if fault != DbFault::NulInText {
            tracing::error!(error = &error as &dyn std::error::Error, ?fault, "the database failed");
        }
        match fault {
            DbFault::ConnectionLost | DbFault::Unavailable => Self::database_unavailable(),
            DbFault::StatementTimeout => Self::request_timeout(),
            DbFault::StorageFull => Self::storage_full(),
            DbFault::NulInText => Self::invalid("Text must not contain U+0000"),
            DbFault::Other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Internal server error"),
        }
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            _ => Self::invalid("The request body could not be read"),
        }
    }
}

impl From<ApiError> for ErrorAnswer {
    fn from(error: ApiError) -> Self {
        let ApiError { status: _, code, message, retry_after_seconds, scope } = error;
        Self { success: false, error: message, code, error_code: code, retry_after: retry_after_seconds, scope }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after_seconds) = (self.status, self.retry_after_seconds);
        let mut response = (status, Json(ErrorAnswer::from(self))).into_response();
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partly_stored_batch_is_not_reported_as_a_refusal() {
        let busy = ApiError::from(Error::Busy);
        let (retry_after_seconds, error) = (busy.retry_after_seconds, busy.for_partly_stored_batch());
        assert_eq!((error.status, error.code), (StatusCode::SERVICE_UNAVAILABLE, OUTCOME_UNKNOWN_CODE));
        assert!(error.retry_after_seconds == retry_after_seconds && retry_after_seconds.is_some());
    }
}
