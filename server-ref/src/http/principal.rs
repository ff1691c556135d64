//! For whom a REST request acts.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use http::Method;
use http::request::Parts;
use serde::Deserialize;

use super::error::ApiError;
use crate::app::App;
use crate::auth::Principal;

/// The project of the request: that of the API key or, for reading, the `project_id` of the query with a session.
#[derive(Debug)]
pub(super) struct Project(pub(super) Arc<str>);

#[derive(Deserialize)]
struct Named {
    project_id: Option<String>,
}

impl FromRequestParts<Arc<App>> for Project {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        if let Some(key) = parts.headers.get("x-api-key") {
            let key = key.to_str().unwrap_or_default();
            return match app.auth.by_key(key).await? {
                Some(Principal::Key { project_id }) => Ok(Self(project_id)),
                _ => Err(ApiError::unauthorized("Invalid API key")),
            };
        }
        // Only reading: a form on another site could make a browser write with its visitor's cookie.
        let user = match parts.method {
            Method::GET => app.auth.by_cookie(&parts.headers).await?,
            _ => None,
        };
        let Some(user) = user else {
            return Err(ApiError::unauthorized("API key required"));
        };
        let named = Query::<Named>::try_from_uri(&parts.uri).ok();
        let Some(project_id) = named.and_then(|Query(named)| named.project_id) else {
            return Err(ApiError::invalid("project_id required"));
        };
        if !app.auth.may_access(&user, &project_id).await? {
            return Err(ApiError::forbidden("Access denied to project"));
        }
        Ok(Self(project_id.into()))
    }
}
