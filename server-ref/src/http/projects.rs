//! Routes `/api/projects` and `/api/projects/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Done, answer};
use super::caller::Caller;
use super::error::ApiError;
use super::input::{Body, Ids, text};
use crate::app::App;
use crate::auth::{AccessLevel, Permission};
use crate::store::{ProjectInfo, UNPAGED_LIST_MAX};

const NAME_MAX: usize = 200;

/// The name of a project.
#[derive(Deserialize, ToSchema)]
pub(super) struct ProjectBody {
    #[schema(min_length = 1)]
    name: String,
}

answer!(ProjectAnswer { project: ProjectInfo });
answer!(ProjectsAnswer { projects: Vec<ProjectInfo> });

/// Lists the projects of the user, or the project of the API key.
#[utoipa::path(get, path = "/api/projects", tag = "projects", responses((status = 200, body = ProjectsAnswer)))]
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ProjectsAnswer>, ApiError> {
    let projects = match caller.key_project() {
        Some(id) => {
            caller.allow(&app, id, Permission::Read).await?;
            app.store.project(id).await?.into_iter().collect()
        }
        None => app.store.projects_of(caller.user_id()?).await?,
    };
    Ok(ProjectsAnswer::new(projects))
}

/// Creates a project, which the user owns.
#[utoipa::path(
    post, path = "/api/projects", tag = "projects", request_body = ProjectBody,
    responses((status = 201, body = ProjectAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<ProjectBody>,
) -> Result<(StatusCode, Json<ProjectAnswer>), ApiError> {
    let owner = caller.user_id()?;
    let name = text("name", &body.name, NAME_MAX)?;
    if app.store.projects_of(owner).await?.len() >= UNPAGED_LIST_MAX {
        return Err(ApiError::conflict("limit_reached", "You have too many projects"));
    }
    let id = app.store.create_project(&name, Some(owner), &caller.actor()).await?;
    Ok((StatusCode::CREATED, show(&app, &caller, &id).await?))
}

/// Returns a project.
#[utoipa::path(
    get, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    responses((status = 200, body = ProjectAnswer))
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<String>,
) -> Result<Json<ProjectAnswer>, ApiError> {
    show(&app, &caller, &id).await
}

/// Renames a project. For admins.
#[utoipa::path(
    method(patch, put), path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    request_body = ProjectBody, responses((status = 200, body = ProjectAnswer))
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<String>,
    Body(body): Body<ProjectBody>,
) -> Result<Json<ProjectAnswer>, ApiError> {
    caller.allow(&app, &id, Permission::EditProject).await?;
    app.store.rename_project(&id, &text("name", &body.name, NAME_MAX)?, &caller.actor()).await?;
    show(&app, &caller, &id).await
}

/// Deletes a project with everything in it, and ends the access of its sockets. For owners.
#[utoipa::path(
    delete, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<String>,
) -> Result<Json<Done>, ApiError> {
    caller.allow(&app, &id, Permission::DeleteProject).await?;
    app.delete_project(&id, &caller.actor()).await?;
    Ok(Done::new())
}

pub(super) async fn show(app: &App, caller: &Caller, id: &str) -> Result<Json<ProjectAnswer>, ApiError> {
    let level = caller.allow(app, id, Permission::Read).await?;
    let mut project = app.store.project(id).await?.ok_or_else(|| ApiError::not_found("Project not found"))?;
    if let AccessLevel::Role(role) = level {
        project.role = Some(role);
    }
    Ok(ProjectAnswer::new(project))
}
