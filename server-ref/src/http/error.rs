//! Errors as clients see them: `{"success":false,"error","error_code"}`.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use serde::Serialize;

use crate::Error;

#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
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

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let message = format!("{method} is not allowed here");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }
}

impl From<Error> for ApiError {
    /// Details stay in the log.
    fn from(error: Error) -> Self {
        match error {
            Error::ShuttingDown => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server is shutting down")
            }
            Error::NotFound(what) => Self::not_found(&format!("{what} not found")),
            Error::Rule(reason) => Self::invalid(reason),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "server_error", "Internal server error")
            }
        }
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The request is too large")
            }
            _ => Self::invalid("The request body could not be read"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            success: bool,
            error: String,
            error_code: &'static str,
        }
        let body = Body { success: false, error: self.message, error_code: self.code };
        (self.status, Json(body)).into_response()
    }
}
