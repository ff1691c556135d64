//! `/api/projects/{id}/keys[/{key_id}]`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Done, answer};
use super::caller::Caller;
use super::error::ApiError;
use super::input::{Body, Ids, text};
use crate::app::App;
use crate::auth::Permission;
use crate::store::KeyInfo;

const NAME_MAX: usize = 100;
/// Keys of one project.
const KEYS_MAX: usize = 100;

/// What a key is called.
#[derive(Deserialize, ToSchema)]
pub(super) struct KeyBody {
    name: String,
}

/// A key with its secret, which is shown this once: only a hash of it is stored.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKey {
    #[serde(flatten)]
    key: KeyInfo,
    api_key: String,
}

answer!(KeyAnswer { key: NewKey });
answer!(KeysAnswer { keys: Vec<KeyInfo> });

/// The keys of a project, without their secrets. For admins.
#[utoipa::path(
    get, path = "/api/projects/{id}/keys", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = KeysAnswer))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<String>,
) -> Result<Json<KeysAnswer>, ApiError> {
    caller.allow(&app, &id, Permission::ManageKeys).await?;
    Ok(KeysAnswer::new(app.store.keys(&id).await?))
}

/// Makes a key. For admins.
#[utoipa::path(
    post, path = "/api/projects/{id}/keys", tag = "keys", params(("id" = String, Path)),
    request_body = KeyBody, responses((status = 201, body = KeyAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<String>,
    Body(body): Body<KeyBody>,
) -> Result<(StatusCode, [(http::HeaderName, &'static str); 1], Json<KeyAnswer>), ApiError> {
    caller.allow(&app, &id, Permission::ManageKeys).await?;
    let name = text("name", &body.name, NAME_MAX)?;
    let keys = app.store.keys(&id).await?;
    if keys.iter().any(|key| key.name == name) {
        return Err(ApiError::conflict("name_taken", "There is a key of this name already"));
    }
    if keys.len() >= KEYS_MAX {
        return Err(ApiError::conflict("limit_reached", "The project has too many keys"));
    }
    let (key, api_key) = app.create_key(&id, &name).await?;
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], KeyAnswer::new(NewKey { key, api_key })))
}

/// Revokes a key, and disconnects its sockets at once. For admins.
#[utoipa::path(
    delete, path = "/api/projects/{id}/keys/{key_id}", tag = "keys",
    params(("id" = String, Path), ("key_id" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((id, key_id)): Ids<(String, String)>,
) -> Result<Json<Done>, ApiError> {
    caller.allow(&app, &id, Permission::ManageKeys).await?;
    app.revoke_key(&id, &key_id).await?;
    Ok(Done::new())
}
