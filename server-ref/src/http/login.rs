//! Route `/auth/login`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq as _;
use tower_sessions::Session;

use super::error::ApiError;
use super::html_pages;
use super::known_browser::KnownBrowserCookies;
use super::login_form_tokens::{LoginFormTokens, form_token_cookie_header};
use super::web_session::session_error;
use crate::app::App;
use crate::auth::{SESSION_ADDRESS_FIELD, SESSION_CSRF_FIELD, SESSION_USER_FIELD};
use crate::client_address::ClientAddress;
use crate::ids::random_token;
use crate::time::now;

pub(super) async fn show_form(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    render_form(&app, &headers, None)
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    match sign_in(&app, address, &session, &headers, body).await {
        Err(error) if accepts_html(&headers) => show_error(&app, &headers, error),
        answer => answer,
    }
}

/// Returns true if the client accepts HTML, as a browser does when it loads a page.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// Returns the form again, with a message about the error and with the error's status.
fn show_error(app: &App, headers: &HeaderMap, error: ApiError) -> Result<Response, ApiError> {
    let text = match error.status() {
        StatusCode::BAD_REQUEST => "The form was open for too long. Please try again.",
        _ => error.message(),
    };
    let mut page = render_form(app, headers, Some(text))?;
    let failure = error.into_response();
    *page.status_mut() = failure.status();
    if let Some(seconds) = failure.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, seconds.clone());
    }
    Ok(page)
}

async fn sign_in(
    app: &App,
    address: IpAddr,
    session: &Session,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body?;
    let expected = LoginFormTokens(&app.login_form_secret).token_from_cookie(headers, now());
    let expected = expected.ok_or_else(|| ApiError::invalid("The cookie of the form is missing or has expired"))?;
    if !bool::from(expected.as_bytes().ct_eq(form_field(&body, SESSION_CSRF_FIELD).as_bytes())) {
        return Err(ApiError::invalid("The CSRF token is missing or wrong"));
    }
    app.address_throttle.count_attempt(address, Instant::now()).map_err(ApiError::too_many_attempts)?;
    let email = form_field(&body, "email");
    let email = email.trim();
    let browser = KnownBrowserCookies(&app.known_browser_secret).known_browser_id(headers, email, now());
    let attempt = app.account_throttle.count_attempt(email, browser.as_deref(), Instant::now());
    let attempt = attempt.map_err(ApiError::too_many_attempts)?;
    let Some(user) = app.auth.authenticate_password(email, form_field(&body, "password")).await? else {
        return Ok(html_pages::login_form(&expected, Some("Invalid email or password")));
    };
    app.address_throttle.uncount_attempt(address);
    app.account_throttle.uncount_attempt(attempt);
    start_signed_in_session(session, &user.id, address).await?;
    // The password may have been changed in the meantime. Such a change ends only the sessions that exist at the time, so this session
    // must be ended here.
    if !app.store.is_current_password_hash(&user.id, &user.password_hash).await? {
        session.flush().await.map_err(|e| session_error(&e))?;
        return Ok(html_pages::login_form(&expected, Some("Invalid email or password")));
    }
    let mut answer = redirect("/dashboard/");
    KnownBrowserCookies(&app.known_browser_secret).add_cookie(
        &mut answer,
        email,
        now(),
        app.settings.secure_cookies,
    )?;
    Ok(answer)
}

/// Records in the session that this user is signed in.
pub(super) async fn start_signed_in_session(session: &Session, user_id: &str, address: IpAddr) -> Result<(), ApiError> {
    // The session receives a new id, because an attacker may have planted the old one in the browser.
    session.cycle_id().await.map_err(|e| session_error(&e))?;
    session.insert(SESSION_USER_FIELD, user_id).await.map_err(|e| session_error(&e))?;
    session.insert(SESSION_ADDRESS_FIELD, address).await.map_err(|e| session_error(&e))?;
    session.insert(SESSION_CSRF_FIELD, random_token()).await.map_err(|e| session_error(&e))?;
    session.save().await.map_err(|e| session_error(&e))
}

/// Returns the value of a form field, or an empty string if the field is missing.
pub(super) fn form_field(form: &[u8], wanted: &str) -> String {
    let found = url::form_urlencoded::parse(form).find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

pub(super) fn redirect(to: &'static str) -> Response {
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

/// Returns the form with the token from the browser's cookie or, if the browser sent no valid token, with a new token and its cookie.
fn render_form(app: &App, headers: &HeaderMap, problem: Option<&str>) -> Result<Response, ApiError> {
    if let Some(token) = LoginFormTokens(&app.login_form_secret).token_from_cookie(headers, now()) {
        return Ok(html_pages::login_form(&token, problem));
    }
    let token = LoginFormTokens(&app.login_form_secret).issue(now());
    let cookie = form_token_cookie_header(&token, app.settings.secure_cookies)?;
    Ok(([cookie], html_pages::login_form(&token, problem)).into_response())
}
