//! `Idempotency-Key`: a request that is repeated with the same key takes effect once, and is answered as the first time.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::error::ApiError;
use super::input::{Body, parse};
use crate::app::App;
use crate::store::IdempotencyKey;

pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key, in characters.
const KEY_MAX: usize = 255;

/// The header, as OpenAPI describes it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub(super) struct IdempotencyParameter {
    /// Chosen by the caller for this request. The same key with the same body within 24 hours takes effect once, and is answered
    /// as the first time, with `Idempotent-Replayed: true`.
    #[param(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// A body, and the request's idempotency key. 400 if the key is invalid.
pub(super) struct Keyed<B> {
    pub(super) body: B,
    pub(super) key: Option<IdempotencyKey>,
}

impl FromRequest<Arc<App>> for Keyed<Bytes> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let key = header(&parts)?.map(str::to_owned);
        let path = parts.uri.path().to_owned();
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await?;
        let key = key.map(|key| IdempotencyKey::new(&key, &path, &body));
        Ok(Self { body, key })
    }
}

/// A JSON body.
impl<T: DeserializeOwned> FromRequest<Arc<App>> for Keyed<Body<T>> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let Keyed { body, key } = Keyed::<Bytes>::from_request(request, app).await?;
        Ok(Self { body: Body(parse(&body)?), key })
    }
}

fn header(parts: &Parts) -> Result<Option<&str>, ApiError> {
    let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.as_bytes();
    match value.to_str() {
        Ok(text) if (1..=KEY_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) => Ok(Some(text)),
        _ => Err(ApiError::invalid(format!("Idempotency-Key must have from 1 to {KEY_MAX} visible ASCII characters"))),
    }
}

/// An answer that says whether it was given before.
pub(super) struct Replayable<T> {
    pub(super) status: StatusCode,
    pub(super) answer: Json<T>,
    pub(super) is_replayed: bool,
}

impl<T: Serialize> IntoResponse for Replayable<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.answer).into_response();
        if self.is_replayed {
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
