//! Route `/auth/setup`, which creates the first administrator. It requires the token that the server printed when it started.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use tower_sessions::Session;

use super::error::ApiError;
use super::login::{begin, field, redirect};
use super::page;
use crate::address::ClientAddress;
use crate::app::App;

pub(super) async fn form(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let token = field(query.unwrap_or_default().as_bytes(), "token");
    match app.is_setup_token(&token).await? {
        true => Ok(page::setup(&token, "", None)),
        false => Ok(over()),
    }
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body?;
    let (token, email) = (field(&body, "token"), field(&body, "email"));
    match app.set_up(&token, &email, &field(&body, "password"), address).await.map_err(ApiError::from) {
        Ok(Some(user)) => {
            begin(&session, &user.id, address).await?;
            Ok(redirect("/dashboard/"))
        }
        Ok(None) => Ok(over()),
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            Ok((error.status(), page::setup(&token, &email, Some(error.message()))).into_response())
        }
        Err(error) => Err(error),
    }
}

fn over() -> Response {
    (StatusCode::FORBIDDEN, page::setup_is_over()).into_response()
}
