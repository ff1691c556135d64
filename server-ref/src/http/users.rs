//! Routes `/api/users[/{id}]`, for administrators of the server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::{JsonBody, PathIds};
use super::success_answer::answer;
use crate::app::App;
use crate::auth::{check_password_length, trim_and_check_email};
use crate::store::User;

/// A new user.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewUser {
    email: String,
    password: String,
    /// True if the user is an administrator of the server. The default is false.
    #[serde(default)]
    is_admin: bool,
}

/// Changes to a user. Omitted fields keep their values.
#[derive(Deserialize, ToSchema)]
#[schema(as = UserBody)]
pub(super) struct UserChanges {
    is_admin: Option<bool>,
    is_active: Option<bool>,
    /// New password of 10 to 1000 characters. Setting it ends all of the user's sessions. Use `PUT /api/me/password` to change your
    /// own password.
    password: Option<String>,
}

answer!(UserAnswer { user: User });
answer!(UsersAnswer { users: Vec<User> });

/// Lists all users, oldest first.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = UsersAnswer)))]
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<UsersAnswer>, ApiError> {
    caller.require_server_admin(&app).await?;
    Ok(UsersAnswer::new(app.store.users().await?))
}

/// Creates a user.
#[utoipa::path(
    post, path = "/api/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = UserAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(body): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<UserAnswer>), ApiError> {
    caller.require_server_admin(&app).await?;
    let email = trim_and_check_email(&body.email)?;
    let hash = app.auth.check_and_hash_password(&body.password).await?;
    let user = app.store.create_user(&email, &hash, body.is_admin, &caller.actor()).await?;
    Ok((StatusCode::CREATED, UserAnswer::new(user)))
}

/// Changes whether a user is active, whether they are an administrator, and their password.
///
/// A deactivated user is signed out everywhere immediately.
#[utoipa::path(
    method(patch, put), path = "/api/users/{id}", tag = "users", params(("id" = String, Path)),
    request_body = UserChanges, responses((status = 200, body = UserAnswer))
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    JsonBody(body): JsonBody<UserChanges>,
) -> Result<Json<UserAnswer>, ApiError> {
    let own = caller.require_server_admin(&app).await?;
    if own.id == id && (body.is_admin == Some(false) || body.is_active == Some(false)) {
        return Err(ApiError::conflict("own_account", "You can't do this to your own account"));
    }
    if own.id == id && body.password.is_some() {
        return Err(ApiError::conflict("own_account", "Use PUT /api/me/password to change your own password"));
    }
    if let Some(password) = &body.password {
        check_password_length(password)?;
    }
    let user = app.update_user(&id, body.is_admin, body.is_active, &caller.actor()).await?;
    if let Some(password) = &body.password {
        app.set_password(&id, password, None, &caller.actor()).await?;
    }
    Ok(UserAnswer::new(user))
}
