//! Route `/auth/logout`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use subtle::ConstantTimeEq as _;
use tower_sessions::Session;

use super::caller::CSRF_HEADER;
use super::error::ApiError;
use super::html_pages;
use super::login::{accepts_html, form_field, redirect};
use super::web_session::session_error;
use crate::app::App;
use crate::auth::{SESSION_CSRF_FIELD, SESSION_USER_FIELD};
use crate::ids::session_id_hash;
use crate::store::Invalidation;

/// Shows the form that signs the user out. A GET must not sign the user out by itself, because any page can make its visitors' browsers
/// send a GET.
pub(super) async fn show_form(session: Session) -> Result<Response, ApiError> {
    Ok(match session_csrf_token(&session).await? {
        Some(token) => html_pages::logout_form(&token),
        None => redirect("/auth/login"),
    })
}

/// Ends the session and disconnects its sockets. The session's CSRF token must be in the form or in the `X-CSRF-Token` header.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    session: Session,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let Some(token) = session_csrf_token(&session).await? else { return Ok(redirect("/auth/login")) };
    let body = body?;
    let given = match headers.get(CSRF_HEADER) {
        Some(token) => token.as_bytes().to_owned(),
        None => form_field(&body, SESSION_CSRF_FIELD).into_bytes(),
    };
    if token.is_empty() || !bool::from(token.as_bytes().ct_eq(&given)) {
        return Ok(refuse_logout(&token, &headers));
    }
    let id = session.id();
    session.flush().await.map_err(|e| session_error(&e))?;
    if let Some(id) = id {
        app.apply_invalidation(&Invalidation::SessionEnded(session_id_hash(&id)));
    }
    Ok(redirect("/auth/login"))
}

/// Returns the CSRF token of the session; `None` if no user is signed in.
async fn session_csrf_token(session: &Session) -> Result<Option<String>, ApiError> {
    let user: Option<String> = session.get(SESSION_USER_FIELD).await.map_err(|e| session_error(&e))?;
    let token: Option<String> = session.get(SESSION_CSRF_FIELD).await.map_err(|e| session_error(&e))?;
    Ok(user.map(|_| token.unwrap_or_default()))
}

/// Refuses to sign the user out. A browser receives the sign-out form again, with the current token, because the user may have signed in
/// again in another tab.
fn refuse_logout(token: &str, headers: &HeaderMap) -> Response {
    let refusal = ApiError::csrf_failed();
    if !accepts_html(headers) {
        return refusal.into_response();
    }
    let mut form = html_pages::logout_form(token);
    *form.status_mut() = refusal.status();
    form
}
