//! Routes `GET /api/content` and `GET /api/content/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::ProjectCaller;
use super::content_listing::{ContentQuery, RequestedPage, encode_cursor};
use super::error::ApiError;
use super::input::PathIds;
use crate::app::App;
use crate::auth::Permission;
use crate::store::Content;

#[derive(Serialize, ToSchema)]
pub(super) struct ContentList {
    success: bool,
    content: Vec<Content>,
    /// Present only for numbered pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    /// Cursor of the next page; null on the last page.
    next_cursor: Option<String>,
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

/// Lists a project's items, newest first.
#[utoipa::path(
    get, path = "/api/content", tag = "content", params(ContentQuery),
    responses((status = 200, body = ContentList))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    query: Result<Query<ContentQuery>, QueryRejection>,
) -> Result<Json<ContentList>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Read).await?;
    let Query(query) = query.map_err(|error| ApiError::invalid(error.body_text()))?;
    let list = match query.requested_page()? {
        RequestedPage::Numbered { page, per_page, status } => {
            let found = app.store.contents_by_offset(&project_id, status, per_page, (page - 1) * per_page).await?;
            let pagination = Pagination::new(page, per_page, found.total);
            let last = found.last_position.filter(|_| pagination.has_next);
            ContentList {
                success: true,
                content: found.contents,
                pagination: Some(pagination),
                next_cursor: last.as_ref().map(encode_cursor),
            }
        }
        RequestedPage::After { position, limit, filter } => {
            let found = app.store.contents_by_cursor(&project_id, &filter, position, limit).await?;
            let next_cursor = found.next_page_after.as_ref().map(encode_cursor);
            ContentList { success: true, content: found.contents, pagination: None, next_cursor }
        }
    };
    Ok(Json(list))
}

/// Returns an item.
#[utoipa::path(
    get, path = "/api/content/{id}", tag = "content",
    params(("id" = String, Path), ("project_id" = Option<String>, Query, description = "Optional, because the item determines the project")),
    responses((status = 200, body = ContentAnswer))
)]
pub(super) async fn get_item(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    PathIds(id): PathIds<String>,
) -> Result<Json<ContentAnswer>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Read).await?;
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
