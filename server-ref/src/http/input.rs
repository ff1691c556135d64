//! Extractors whose rejections are the API's own errors.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::error::ApiError;
use crate::app::App;

/// A JSON body. The request is refused with status 400 if the body is not JSON, and with 422 if fields are missing or invalid.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, app).await?;
        parse_json(&bytes).map(Self)
    }
}

/// Parses a JSON body, with the same errors as [`JsonBody`].
pub(super) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => ApiError::unprocessable(error.to_string()),
        _ => ApiError::invalid(format!("Invalid JSON: {error}")),
    })
}

/// A JSON body that may be empty. An empty body stands for the default value.
pub(super) struct OptionalJsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for OptionalJsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        match request.body().size_hint().exact() {
            Some(0) => Ok(Self(T::default())),
            _ => JsonBody::from_request(request, app).await.map(|JsonBody(body)| Self(body)),
        }
    }
}

/// The variable parts of the path. The request is refused with status 404 if one of them is invalid.
pub(super) struct PathIds<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for PathIds<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        // No id contains U+0000, and not every database accepts it in a query.
        if parts.uri.path().contains("%00") {
            return Err(ApiError::not_found("Not found"));
        }
        let Path(ids) = Path::from_request_parts(parts, app).await.map_err(|_| ApiError::not_found("Not found"))?;
        Ok(Self(ids))
    }
}

/// Trims the text and checks that it has from 1 to `longest` characters, none of them U+0000.
pub(super) fn trim_and_check_text(field: &str, text: &str, longest: usize) -> Result<String, ApiError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest {
        return Err(ApiError::unprocessable(format!("{field} must have from 1 to {longest} characters")));
    }
    if text.contains('\0') {
        return Err(ApiError::unprocessable(format!("{field} must not contain U+0000")));
    }
    Ok(text.to_owned())
}
