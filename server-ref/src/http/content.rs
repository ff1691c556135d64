//! `GET /api/content` and `GET /api/content/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Project;
use super::error::ApiError;
use super::input::Ids;
use crate::app::App;
use crate::auth::Permission;
use crate::store::{Content, Status};

const PER_PAGE: i64 = 20;
const PER_PAGE_MAX: i64 = 100;

/// Which contents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ContentQuery {
    /// Needed with a session of somebody with several projects.
    #[allow(dead_code, reason = "read with the caller")]
    project_id: Option<String>,
    /// From 1.
    page: Option<i64>,
    /// From 1 to 100 (20).
    per_page: Option<i64>,
    /// `flagged`: what waits for a review.
    status: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ContentList {
    success: bool,
    content: Vec<Content>,
    pagination: Pagination,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Pagination {
    page: i64,
    pages: i64,
    per_page: i64,
    total: i64,
    has_next: bool,
    has_prev: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ContentAnswer {
    success: bool,
    content: Content,
}

/// The contents of a project, newest first.
#[utoipa::path(
    get, path = "/api/content", tag = "content", params(ContentQuery),
    responses((status = 200, body = ContentList))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    project: Project,
    wanted: Result<Query<ContentQuery>, QueryRejection>,
) -> Result<Json<ContentList>, ApiError> {
    let project_id = project.allow(&app, Permission::Read).await?;
    let Query(wanted) = wanted.map_err(|error| ApiError::invalid(error.body_text()))?;
    let per_page = wanted.per_page.unwrap_or(PER_PAGE).clamp(1, PER_PAGE_MAX);
    let page = wanted.page.unwrap_or(1).max(1);
    let status = match wanted.status.as_deref() {
        None | Some("") => None,
        Some(text) => Some(Status::parse(text).ok_or_else(|| ApiError::invalid("Unknown status"))?),
    };
    let offset = (page - 1).saturating_mul(per_page);
    let found = app.store.contents(&project_id, status, per_page, offset).await?;
    Ok(Json(ContentList {
        success: true,
        content: found.contents,
        pagination: Pagination::new(page, per_page, found.total),
    }))
}

/// One content.
#[utoipa::path(
    get, path = "/api/content/{id}", tag = "content",
    params(("id" = String, Path), ("project_id" = Option<String>, Query, description = "Not needed")),
    responses((status = 200, body = ContentAnswer))
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    project: Project,
    Ids(id): Ids<String>,
) -> Result<Json<ContentAnswer>, ApiError> {
    let project_id = project.allow(&app, Permission::Read).await?;
    let content = app.store.content(&project_id, &id).await?;
    let content = content.ok_or_else(|| ApiError::not_found("Content not found"))?;
    Ok(Json(ContentAnswer { success: true, content }))
}

impl Pagination {
    fn new(page: i64, per_page: i64, total: i64) -> Self {
        let pages = (total + per_page - 1) / per_page;
        Self { page, pages, per_page, total, has_next: page < pages, has_prev: page > 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_one() {
        let of = |page, total| {
            let p = Pagination::new(page, 20, total);
            (p.pages, p.has_prev, p.has_next)
        };
        assert_eq!(of(1, 0), (0, false, false));
        assert_eq!(of(1, 20), (1, false, false));
        assert_eq!(of(1, 21), (2, false, true));
        assert_eq!(of(2, 21), (2, true, false));
    }
}
