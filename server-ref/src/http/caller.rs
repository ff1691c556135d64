//! The caller of a REST request, and its permissions.
//!
//! A request carries an API key or one of its tokens (as `X-API-Key`), or the session cookie. A request that uses the cookie to change
//! something must repeat the session's CSRF token in `X-CSRF-Token`. A page on another site can make a browser send the cookie, but can't
//! read the token.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::error::ApiError;
use super::input::PathIds;
use crate::app::App;
use crate::auth::{KeyAccess, Permission, Principal, ProjectAccess};
use crate::client_address::ClientAddress;
use crate::ids::is_valid_project_id;
use crate::store::{Actor, User};

pub(super) const API_KEY_HEADER: &str = "x-api-key";
pub(super) const CSRF_HEADER: &str = "x-csrf-token";

/// An authenticated caller, whose permissions are not checked yet.
#[derive(Debug)]
pub(super) struct Caller {
    principal: Principal,
    /// E-mail address of the signed-in user; `None` for an API key.
    email: Option<Arc<str>>,
    address: Option<IpAddr>,
}

impl Caller {
    /// Checks that the caller has this permission in the project and returns the caller's access.
    pub(super) async fn require_permission(
        &self,
        app: &App,
        project_id: &str,
        permission: Permission,
    ) -> Result<ProjectAccess, ApiError> {
        match app.auth.project_access(&self.principal, project_id).await? {
            Some(access) if permission.is_granted_to(access) => Ok(access),
            Some(ProjectAccess::Key(_)) => Err(match permission.first_sufficient_scope() {
                Some(scope) => ApiError::missing_scope(scope),
                None => ApiError::forbidden(NOT_FOR_KEYS_MESSAGE),
            }),
            Some(ProjectAccess::Role(_)) => Err(ApiError::forbidden("Your role in the project does not allow this")),
            None if !app.store.project_exists(project_id).await? => Err(ApiError::not_found("Project not found")),
            None => Err(ApiError::forbidden("Access denied to project")),
        }
    }

    /// Returns the id of the signed-in user, or an error if no user is signed in.
    pub(super) fn user_id(&self) -> Result<&Arc<str>, ApiError> {
        match &self.principal {
            Principal::User { id, .. } => Ok(id),
            Principal::Key(_) => Err(ApiError::forbidden(NOT_FOR_KEYS_MESSAGE)),
        }
    }

    /// Returns the hash of the session's id, or an error if no user is signed in.
    pub(super) fn session_id_hash(&self) -> Result<&str, ApiError> {
        match &self.principal {
            Principal::User { session_id_hash, .. } => Ok(session_id_hash),
            Principal::Key(_) => Err(ApiError::forbidden(NOT_FOR_KEYS_MESSAGE)),
        }
    }

    /// Returns the project of the API key; `None` for a signed-in user.
    pub(super) fn key_project_id(&self) -> Option<&str> {
        match &self.principal {
            Principal::Key(access) => Some(&access.key.project_id),
            Principal::User { .. } => None,
        }
    }

    /// Returns the access of the API key, or an error if the caller uses a token or a session.
    pub(super) fn require_api_key(&self) -> Result<&KeyAccess, ApiError> {
        match &self.principal {
            Principal::Key(access) if access.is_token() => Err(ApiError::forbidden("A token may not do this")),
            Principal::Key(access) => Ok(access),
            Principal::User { .. } => Err(ApiError::forbidden("Only an API key may do this")),
        }
    }

    pub(super) async fn user(&self, app: &App) -> Result<User, ApiError> {
        let user = app.store.user(self.user_id()?).await?;
        user.ok_or_else(|| ApiError::unauthorized("The user does not exist any more"))
    }

    /// Checks that the caller is an administrator of the server and returns the user.
    pub(super) async fn require_server_admin(&self, app: &App) -> Result<User, ApiError> {
        let user = self.user(app).await?;
        if !user.is_admin {
            return Err(ApiError::forbidden("Only for administrators of the server"));
        }
        Ok(user)
    }

    /// Returns the actor without the client's address, which must not appear in the audit log of a project of which the user is not yet a
    /// member.
    pub(super) fn actor_without_address(&self) -> Actor {
        Actor { address: None, ..self.actor() }
    }

    /// Returns the caller as the actor of audit log entries.
    pub(super) fn actor(&self) -> Actor {
        match &self.principal {
            Principal::Key(access) => {
                Actor::key(access.key.id.as_str().into(), access.key.name.as_str().into(), self.address)
            }
            Principal::User { id, .. } => Actor::user(id.clone(), self.email.clone().unwrap_or_default(), self.address),
        }
    }
}

const NOT_FOR_KEYS_MESSAGE: &str = "An API key may not do this";

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let address = parts.extensions.get().map(|&ClientAddress(address)| address);
        if let Some(key) = parts.headers.get(API_KEY_HEADER) {
            let access = app.auth.authenticate_key(key.to_str().unwrap_or_default(), &parts.headers).await?;
            let principal = access.map_err(ApiError::key_refused)?;
            if let Principal::Key(access) = &principal {
                app.auth.count_key_request(access).map_err(ApiError::key_rate_limited)?;
            }
            return Ok(Self { principal, email: None, address });
        }
        let Some(session) = app.auth.session_from_cookie(&parts.headers).await? else {
            return Err(ApiError::unauthorized("API key required"));
        };
        if !parts.method.is_safe() {
            let given = parts.headers.get(CSRF_HEADER).map(|token| token.as_bytes()).unwrap_or_default();
            let expected = session.csrf_token.as_bytes();
            if expected.is_empty() || !bool::from(expected.ct_eq(given)) {
                return Err(ApiError::csrf_failed());
            }
        }
        Ok(Self { email: Some(session.email.clone()), principal: session.into(), address })
    }
}

/// The caller and the project of a request whose path contains no project id. With an API key, the project is the key's. With a session,
/// the query's `project_id` names the project. Without `project_id`, the project is that of the requested item or, if no item is
/// requested, the user's only project.
#[derive(Debug)]
pub(super) struct ProjectCaller {
    pub(super) caller: Caller,
    project_id: Arc<str>,
}

impl ProjectCaller {
    /// Checks that the caller has this permission in the project and returns the project's id.
    pub(super) async fn require_permission(&self, app: &App, permission: Permission) -> Result<Arc<str>, ApiError> {
        self.caller.require_permission(app, &self.project_id, permission).await?;
        Ok(self.project_id.clone())
    }
}

#[derive(Deserialize)]
struct ProjectQuery {
    project_id: Option<String>,
}

impl FromRequestParts<Arc<App>> for ProjectCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let project_id = match caller.key_project_id() {
            Some(id) => id.into(),
            None => {
                let named =
                    Query::<ProjectQuery>::try_from_uri(&parts.uri).ok().and_then(|Query(named)| named.project_id);
                match named {
                    Some(id) if is_valid_project_id(&id) => id.into(),
                    Some(_) => return Err(ApiError::not_found("Project not found")),
                    None => implied_project_id(&caller, parts, app).await?.into(),
                }
            }
        };
        Ok(Self { caller, project_id })
    }
}

async fn implied_project_id(caller: &Caller, parts: &mut Parts, app: &Arc<App>) -> Result<String, ApiError> {
    let user = caller.user_id()?;
    let of_content = PathIds::<HashMap<String, String>>::from_request_parts(parts, app).await?.0.remove("id");
    match of_content {
        Some(id) => {
            let project = app.store.project_id_of_content(user, &id).await?;
            project.ok_or_else(|| ApiError::not_found("Content not found"))
        }
        None => {
            let project = app.store.sole_project_id(user).await?;
            project.ok_or_else(|| ApiError::invalid("project_id required: you don't belong to exactly one project"))
        }
    }
}
