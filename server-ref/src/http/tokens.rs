//! Route `POST /api/tokens`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::{API_KEY_HEADER, Caller};
use super::error::ApiError;
use super::input::OptionalJsonBody;
use crate::app::App;
use crate::store::{Scope, Scopes};
use crate::time::{now, rfc3339};

/// Lifetime of a token, in seconds, if the request does not specify one.
const TTL_SECONDS_DEFAULT: u32 = 900;
/// Maximum lifetime of a token, in seconds.
const TTL_SECONDS_MAX: u32 = 86_400;

/// Options of a new token.
#[derive(Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct TokenBody {
    /// Lifetime of the token in seconds, at most 86,400. The default is 900. The token never outlives its key.
    ttl: u32,
    /// Scopes of the token, which the key must also have. The default is `["read"]`.
    #[schema(value_type = Vec<Scope>)]
    scopes: Scopes,
}

impl Default for TokenBody {
    fn default() -> Self {
        Self { ttl: TTL_SECONDS_DEFAULT, scopes: Scopes::from_iter([Scope::Read]) }
    }
}

/// A new token, which the server does not store.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    success: bool,
    /// The token, which can be used in place of an API key.
    token: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Creates a token for a page or program that is less trusted than the holder of the API key. Tokens can't create tokens.
#[utoipa::path(
    post, path = "/api/tokens", tag = "keys", request_body = Option<TokenBody>,
    responses((status = 201, body = TokenAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    OptionalJsonBody(body): OptionalJsonBody<TokenBody>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<TokenAnswer>), ApiError> {
    let access = caller.require_api_key()?;
    if !(1..=TTL_SECONDS_MAX).contains(&body.ttl) {
        return Err(ApiError::invalid(format!("ttl must be from 1 to {TTL_SECONDS_MAX} seconds")));
    }
    if body.scopes.is_empty() {
        return Err(ApiError::invalid("scopes must name at least one of read, submit, review, rules"));
    }
    if let Some(missing) = body.scopes.iter().find(|&scope| !access.scopes.contains(scope)) {
        return Err(ApiError::missing_scope(missing));
    }
    let end = now() + i64::from(body.ttl) * 1_000_000;
    let end = access.key.expires_at.map_or(end, |key_ends| key_ends.min(end));
    let api_key = headers.get(API_KEY_HEADER).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let token = app.auth.issue_token(api_key, &access.key, body.scopes, end).await?;
    let answer = TokenAnswer { success: true, token, expires_at: rfc3339(end) };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)))
}
