//! Route `GET /auth/csrf`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::app::App;
use crate::store::User;

/// The signed-in user and the session's CSRF token.
#[derive(Serialize, ToSchema)]
pub(super) struct CsrfAnswer {
    success: bool,
    /// Token that requests with side effects must send as `X-CSRF-Token`. It is valid for as long as the session is.
    csrf_token: String,
    user: User,
}

/// Returns the signed-in user and the session's CSRF token.
///
/// Requests that use the session cookie to change something must send the token as `X-CSRF-Token`.
#[utoipa::path(get, path = "/auth/csrf", tag = "session", responses((status = 200, body = CsrfAnswer)))]
pub(super) async fn csrf(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let not_signed_in = || ApiError::unauthorized("Not signed in");
    let session = app.auth.session_from_cookie(&headers).await?.ok_or_else(not_signed_in)?;
    let user = app.store.user(&session.user_id).await?.ok_or_else(not_signed_in)?;
    let answer = CsrfAnswer { success: true, csrf_token: session.csrf_token, user };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}
