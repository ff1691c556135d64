//! Routes `/api/projects` and `/api/projects/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::{JsonBody, PathIds, trim_and_check_text};
use super::success_answer::{SuccessAnswer, answer};
use crate::app::App;
use crate::auth::{Permission, ProjectAccess};
use crate::store::{ProjectInfo, UNPAGED_LIST_MAX};

const PROJECT_NAME_CHARS_MAX: usize = 200;

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
    let projects = match caller.key_project_id() {
        Some(id) => {
            caller.require_permission(&app, id, Permission::Read).await?;
            app.store.project(id).await?.into_iter().collect()
        }
        None => app.store.projects_of(caller.user_id()?).await?,
    };
    Ok(ProjectsAnswer::new(projects))
}

/// Creates a project that the signed-in user owns.
#[utoipa::path(
    post, path = "/api/projects", tag = "projects", request_body = ProjectBody,
    responses((status = 201, body = ProjectAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(body): JsonBody<ProjectBody>,
) -> Result<(StatusCode, Json<ProjectAnswer>), ApiError> {
    let owner = caller.user_id()?;
    let name = trim_and_check_text("name", &body.name, PROJECT_NAME_CHARS_MAX)?;
    if app.store.projects_of(owner).await?.len() >= UNPAGED_LIST_MAX {
        return Err(ApiError::conflict("limit_reached", "You have too many projects"));
    }
    let id = app.store.create_project(&name, Some(owner), &caller.actor()).await?;
    Ok((StatusCode::CREATED, project_answer(&app, &caller, &id).await?))
}

/// Returns a project.
#[utoipa::path(
    get, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    responses((status = 200, body = ProjectAnswer))
)]
pub(super) async fn get_project(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<ProjectAnswer>, ApiError> {
    project_answer(&app, &caller, &id).await
}

/// Renames a project. For admins.
#[utoipa::path(
    method(patch, put), path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    request_body = ProjectBody, responses((status = 200, body = ProjectAnswer))
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    JsonBody(body): JsonBody<ProjectBody>,
) -> Result<Json<ProjectAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::EditProject).await?;
    app.store
        .rename_project(&id, &trim_and_check_text("name", &body.name, PROJECT_NAME_CHARS_MAX)?, &caller.actor())
        .await?;
    project_answer(&app, &caller, &id).await
}

/// Deletes a project with everything in it, removes all sockets from its room, and disconnects those that used its keys. For owners.
#[utoipa::path(
    delete, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::DeleteProject).await?;
    app.delete_project(&id, &caller.actor()).await?;
    Ok(SuccessAnswer::new())
}

pub(super) async fn project_answer(app: &App, caller: &Caller, id: &str) -> Result<Json<ProjectAnswer>, ApiError> {
    let access = caller.require_permission(app, id, Permission::Read).await?;
    let mut project = app.store.project(id).await?.ok_or_else(|| ApiError::not_found("Project not found"))?;
    if let ProjectAccess::Role(role) = access {
        project.role = Some(role);
    }
    Ok(ProjectAnswer::new(project))
}
