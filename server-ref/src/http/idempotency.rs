//! The `Idempotency-Key` header. A successful request that is repeated with the same key within 24 hours takes effect only once, and each
//! repetition receives the first answer. Only the keys of a project's newest million events are kept for so long.

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
use super::input::{JsonBody, parse_json};
use crate::app::App;
use crate::store::IdempotencyKey;

pub(super) const IDEMPOTENCY_KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const IDEMPOTENT_REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Maximum length of an idempotency key, in characters.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// The header's entry in the OpenAPI description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub(super) struct IdempotencyHeaderDescription {
    /// Unique value that the caller chooses for this request. If the request is repeated with the same key and body within 24
    /// hours, it takes effect only once. The repetition receives the first answer, with `Idempotent-Replayed: true`.
    #[param(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// A request body with the request's idempotency key. A request with an invalid key is refused with status 400.
pub(super) struct KeyedBody<B> {
    pub(super) body: B,
    pub(super) key: Option<IdempotencyKey>,
}

impl FromRequest<Arc<App>> for KeyedBody<Bytes> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let key = parse_idempotency_key_header(&parts)?.map(str::to_owned);
        let path = parts.uri.path().to_owned();
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await?;
        let key = key.map(|key| IdempotencyKey::new(&key, &path, &body));
        Ok(Self { body, key })
    }
}

/// Parses the body as JSON.
impl<T: DeserializeOwned> FromRequest<Arc<App>> for KeyedBody<JsonBody<T>> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let KeyedBody { body, key } = KeyedBody::<Bytes>::from_request(request, app).await?;
        Ok(Self { body: JsonBody(parse_json(&body)?), key })
    }
}

fn parse_idempotency_key_header(parts: &Parts) -> Result<Option<&str>, ApiError> {
    let Some(value) = parts.headers.get(IDEMPOTENCY_KEY_HEADER) else {
        return Ok(None);
    };
    let key = value.as_bytes();
    match value.to_str() {
        Ok(text) if (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) => {
            Ok(Some(text))
        }
        _ => Err(ApiError::invalid(format!(
            "Idempotency-Key must have from 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters"
        ))),
    }
}

/// An answer with an additional header if it repeats an earlier answer.
pub(super) struct ReplayableAnswer<T> {
    pub(super) status: StatusCode,
    pub(super) answer: Json<T>,
    pub(super) is_replayed: bool,
}

impl<T: Serialize> IntoResponse for ReplayableAnswer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.answer).into_response();
        if self.is_replayed {
            response.headers_mut().insert(IDEMPOTENT_REPLAYED_HEADER, HeaderValue::from_static("true"));
        }
        response
    }
}
