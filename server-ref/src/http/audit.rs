//! Routes `/api/projects/{id}/audit`, and `/api/audit` for entries without a project.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::error::ApiError;
use super::input::PathIds;
use crate::app::App;
use crate::auth::Permission;
use crate::store::{AuditEntry, AuditPosition};

const ENTRIES_PER_PAGE_DEFAULT: i64 = 50;
const ENTRIES_PER_PAGE_MAX: i64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Entries per page, from 1 to 200; 50 by default.
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

type ParsedAuditQuery = Result<Query<AuditQuery>, QueryRejection>;

/// A page of an audit log, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    success: bool,
    entries: Vec<AuditEntry>,
    /// Cursor of the next page; null on the last page.
    next_cursor: Option<String>,
}

/// Lists a project's audit log, newest first. For admins.
///
/// The log contains reviews, sign-ins by members, and changes to rules, keys, members, invitations, notifications and the project itself.
#[utoipa::path(
    get, path = "/api/projects/{id}/audit", tag = "audit", params(("id" = String, Path), AuditQuery),
    responses((status = 200, body = AuditPage))
)]
pub(super) async fn list_for_project(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    query: ParsedAuditQuery,
) -> Result<Json<AuditPage>, ApiError> {
    caller.require_permission(&app, &id, Permission::ReadAudit).await?;
    let (after, limit) = parse_page_query(query)?;
    Ok(build_page(app.store.project_audit(&id, &after, limit + 1).await?, limit))
}

/// Lists the server's audit log, newest first. For administrators of the server.
///
/// The log contains sign-ins, changes to users, deletions of projects, and notifications for all projects.
#[utoipa::path(
    get, path = "/api/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = AuditPage))
)]
pub(super) async fn list_for_server(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: ParsedAuditQuery,
) -> Result<Json<AuditPage>, ApiError> {
    caller.require_server_admin(&app).await?;
    let (after, limit) = parse_page_query(query)?;
    Ok(build_page(app.store.server_audit(&after, limit + 1).await?, limit))
}

fn parse_page_query(query: ParsedAuditQuery) -> Result<(AuditPosition, i64), ApiError> {
    let Query(query) = query.map_err(|error| ApiError::invalid(error.body_text()))?;
    let limit = query.limit.unwrap_or(ENTRIES_PER_PAGE_DEFAULT);
    if !(1..=ENTRIES_PER_PAGE_MAX).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be from 1 to {ENTRIES_PER_PAGE_MAX}")));
    }
    let after = match query.cursor.as_deref() {
        None | Some("") => AuditPosition::before_newest(),
        Some(cursor) => decode_cursor(cursor).ok_or_else(|| ApiError::invalid("cursor is invalid"))?,
    };
    Ok((after, limit))
}

/// Returns a page of at most `limit` entries. `entries` may contain one more, which shows that another page exists.
fn build_page(mut entries: Vec<AuditEntry>, limit: i64) -> Json<AuditPage> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    let next_cursor = entries.last().filter(|_| has_more).map(encode_cursor);
    Json(AuditPage { success: true, entries, next_cursor })
}

fn encode_cursor(entry: &AuditEntry) -> String {
    format!("{}_{}", entry.at, entry.id)
}

fn decode_cursor(cursor: &str) -> Option<AuditPosition> {
    let (at, id) = cursor.split_once('_')?;
    let id: Uuid = id.parse().ok()?;
    Some(AuditPosition { at: at.parse().ok()?, id: id.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_cursors_are_rejected() {
        let id = Uuid::nil().to_string();
        assert_eq!(decode_cursor(&format!("12_{id}")), Some(AuditPosition { at: 12, id }));
        for wrong in ["", "1", "x_y", "1_", "1_\0", "99999999999999999999_00000000-0000-0000-0000-000000000000"] {
            assert_eq!(decode_cursor(wrong), None, "{wrong}");
        }
    }
}
