//! Route `/auth/setup`, which creates the first administrator. The route requires the token that the server printed when it started.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use tower_sessions::Session;

use super::error::ApiError;
use super::html_pages;
use super::login::{form_field, redirect, start_signed_in_session};
use crate::app::App;
use crate::client_address::ClientAddress;

pub(super) async fn show_form(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let token = form_field(query.unwrap_or_default().as_bytes(), "token");
    match app.is_setup_token(&token).await? {
        true => Ok(html_pages::first_admin_form(&token, "", None)),
        false => Ok(invalid_link_response()),
    }
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body?;
    let (token, email) = (form_field(&body, "token"), form_field(&body, "email"));
    match app.create_first_admin(&token, &email, &form_field(&body, "password"), address).await.map_err(ApiError::from)
    {
        Ok(Some(user)) => {
            start_signed_in_session(&session, &user.id, address).await?;
            Ok(redirect("/dashboard/"))
        }
        Ok(None) => Ok(invalid_link_response()),
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            Ok((error.status(), html_pages::first_admin_form(&token, &email, Some(error.message()))).into_response())
        }
        Err(error) => Err(error),
    }
}

fn invalid_link_response() -> Response {
    (StatusCode::FORBIDDEN, html_pages::invalid_setup_link()).into_response()
}
