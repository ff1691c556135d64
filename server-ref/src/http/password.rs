//! Route `/api/me/password`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::JsonBody;
use super::success_answer::SuccessAnswer;
use crate::app::App;
use crate::client_address::ClientAddress;

/// The user's current password and new password.
#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordBody {
    current: String,
    /// New password, of 10 to 1000 characters.
    new: String,
}

/// Changes the password of the signed-in user, ends all of their other sessions, and disconnects the sockets of these sessions.
///
/// A wrong current password is refused with 403 `wrong_password` and counts as a failed sign-in from the client's address.
#[utoipa::path(
    put, path = "/api/me/password", tag = "users", request_body = PasswordBody, responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    caller: Caller,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    let (user, session) = (caller.user(&app).await?, caller.session_id_hash()?);
    crate::auth::check_password_length(&body.new)?;
    app.address_throttle.count_attempt(address, Instant::now()).map_err(ApiError::too_many_attempts)?;
    if app.auth.authenticate_password(&user.email, body.current).await?.is_none() {
        return Err(ApiError::wrong_current_password());
    }
    app.address_throttle.uncount_attempt(address);
    app.set_password(&user.id, &body.new, Some(session), &caller.actor()).await?;
    Ok(SuccessAnswer::new())
}
