//! Routes `/api/projects/{id}/keys[/{key_id}]`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::{JsonBody, PathIds, trim_and_check_text};
use super::success_answer::{SuccessAnswer, answer};
use crate::app::App;
use crate::auth::Permission;
use crate::store::{AllowedOrigins, KeyDraft, KeyInfo, Scope, Scopes};
use crate::time::{Micros, now};

const KEY_NAME_CHARS_MAX: usize = 100;
/// Maximum number of keys per project. The command `key create` ignores this limit.
const KEYS_PER_PROJECT_MAX: usize = 100;
const ORIGINS_PER_KEY_MAX: usize = 20;
const REQUESTS_PER_MINUTE_MAX: i64 = 6_000;

/// A new key.
#[derive(Deserialize, ToSchema)]
pub(super) struct KeyBody {
    name: String,
    /// Scopes of the key; `["read","submit"]` by default.
    #[schema(value_type = Option<Vec<Scope>>)]
    scopes: Option<Scopes>,
    /// Time at which the key expires. By default, it never expires.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Origins of the pages that may use the key, such as `https://app.example`; any by default.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// Maximum number of REST requests that the key and its tokens together may make per minute on each node; unlimited by default.
    #[schema(minimum = 1, maximum = 6000)]
    requests_per_minute: Option<i64>,
}

/// The state of a key: switched on or off.
#[derive(Deserialize, ToSchema)]
pub(super) struct KeySwitch {
    is_active: bool,
}

/// A key with its secret. The secret is shown only once, because the server does not store it.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKey {
    #[serde(flatten)]
    key: KeyInfo,
    api_key: String,
}

answer!(NewKeyAnswer { key: NewKey });
answer!(KeyAnswer { key: KeyInfo });
answer!(KeysAnswer { keys: Vec<KeyInfo> });

/// Lists the keys of a project, without their secrets. For admins.
#[utoipa::path(
    get, path = "/api/projects/{id}/keys", tag = "keys", params(("id" = String, Path)),
    responses((status = 200, body = KeysAnswer))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<KeysAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::ManageKeys).await?;
    Ok(KeysAnswer::new(app.store.keys(&id).await?))
}

/// Creates a key. For admins.
#[utoipa::path(
    post, path = "/api/projects/{id}/keys", tag = "keys", params(("id" = String, Path)),
    request_body = KeyBody, responses((status = 201, body = NewKeyAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    JsonBody(body): JsonBody<KeyBody>,
) -> Result<(StatusCode, [(http::HeaderName, &'static str); 1], Json<NewKeyAnswer>), ApiError> {
    caller.require_permission(&app, &id, Permission::ManageKeys).await?;
    let draft = parse_draft(&caller, body)?;
    let keys = app.store.keys(&id).await?;
    if keys.iter().any(|key| key.name == draft.name) {
        return Err(ApiError::conflict("name_taken", "The project already has a key with this name"));
    }
    if keys.len() >= KEYS_PER_PROJECT_MAX {
        return Err(ApiError::conflict("limit_reached", "The project has too many keys"));
    }
    let (key, api_key) = app.create_key(&id, draft, &caller.actor()).await?;
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], NewKeyAnswer::new(NewKey { key, api_key })))
}

fn parse_draft(caller: &Caller, body: KeyBody) -> Result<KeyDraft, ApiError> {
    let scopes = body.scopes.unwrap_or_default();
    if scopes.is_empty() {
        return Err(ApiError::unprocessable("scopes must name at least one of read, submit, review, rules"));
    }
    if body.allowed_origins.len() > ORIGINS_PER_KEY_MAX {
        return Err(ApiError::unprocessable(format!(
            "allowed_origins must not contain more than {ORIGINS_PER_KEY_MAX} origins"
        )));
    }
    if body.requests_per_minute.is_some_and(|limit| !(1..=REQUESTS_PER_MINUTE_MAX).contains(&limit)) {
        let range = format!("requests_per_minute must be from 1 to {REQUESTS_PER_MINUTE_MAX}");
        return Err(ApiError::unprocessable(range));
    }
    let allowed_origins = AllowedOrigins::parse(&body.allowed_origins).map_err(|text| {
        ApiError::unprocessable(format!(
            "allowed_origins must contain origins such as https://app.example: {text:?} is not one"
        ))
    })?;
    Ok(KeyDraft {
        name: trim_and_check_text("name", &body.name, KEY_NAME_CHARS_MAX)?,
        scopes,
        allowed_origins,
        expires_at: body.expires_at.as_deref().map(parse_future_time).transpose()?,
        requests_per_minute: body.requests_per_minute,
        creator_id: Some(caller.user_id()?.to_string()),
    })
}

fn parse_future_time(time: &str) -> Result<Micros, ApiError> {
    let time: Timestamp = time.parse().map_err(|error| {
        ApiError::unprocessable(format!("expires_at must be a time such as 2030-01-31T12:00:00Z: {error}"))
    })?;
    let time = time.as_microsecond();
    if time > now() { Ok(time) } else { Err(ApiError::unprocessable("expires_at must be in the future")) }
}

/// Switches a key on or off. Switching it off disconnects its sockets immediately. For admins.
#[utoipa::path(
    patch, path = "/api/projects/{id}/keys/{key_id}", tag = "keys",
    params(("id" = String, Path), ("key_id" = String, Path)),
    request_body = KeySwitch, responses((status = 200, body = KeyAnswer))
)]
pub(super) async fn switch(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, key_id)): PathIds<(String, String)>,
    JsonBody(body): JsonBody<KeySwitch>,
) -> Result<Json<KeyAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::ManageKeys).await?;
    Ok(KeyAnswer::new(app.switch_key(&id, &key_id, body.is_active, &caller.actor()).await?))
}

/// Revokes a key and disconnects its sockets immediately. For admins.
#[utoipa::path(
    delete, path = "/api/projects/{id}/keys/{key_id}", tag = "keys",
    params(("id" = String, Path), ("key_id" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, key_id)): PathIds<(String, String)>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::ManageKeys).await?;
    app.revoke_key(&id, &key_id, &caller.actor()).await?;
    Ok(SuccessAnswer::new())
}
