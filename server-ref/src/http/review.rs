//! Route `POST /api/content/{id}/review`.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::ProjectCaller;
use super::error::ApiError;
use super::idempotency::{IdempotencyHeaderDescription, KeyedBody, ReplayableAnswer};
use super::input::{JsonBody, PathIds};
use super::success_answer::answer;
use crate::app::App;
use crate::auth::Permission;
use crate::moderation::Action;
use crate::store::Content;

const REASON_CHARS_MAX: usize = 1000;

/// A review: a new decision about an item.
#[derive(Deserialize, ToSchema)]
pub(super) struct ReviewBody {
    /// `approve`, `reject` or `flag`; `approved`, `rejected` and `flagged` mean the same.
    decision: Action,
    reason: Option<String>,
}

answer!(ReviewAnswer { content: Content });

/// Replaces the decision about an item.
///
/// Publishes a `moderation_update` with the `moderator_type` `manual`. `GET /api/content?status=flagged` lists the items awaiting review.
#[utoipa::path(
    post, path = "/api/content/{id}/review", tag = "content",
    params(("id" = String, Path), ("project_id" = Option<String>, Query, description = "Optional, because the item determines the project"), IdempotencyHeaderDescription),
    request_body = ReviewBody, responses((status = 200, body = ReviewAnswer))
)]
pub(super) async fn review(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
    PathIds(id): PathIds<String>,
    KeyedBody { body: JsonBody(body), key }: KeyedBody<JsonBody<ReviewBody>>,
) -> Result<ReplayableAnswer<ReviewAnswer>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Review).await?;
    let reason = trim_and_check_reason(body.reason.as_deref())?;
    let not_found = || ApiError::not_found("Content not found");
    let content = app.store.content(&project_id, &id).await?.ok_or_else(not_found)?;
    let reviewer = project.caller.actor();
    let reviewed = app.moderation.review(project_id.clone(), &content, body.decision, reason, &reviewer, key).await?;
    let mut content = app.store.content(&project_id, &id).await?.ok_or_else(not_found)?;
    if reviewed.is_replayed {
        reviewed.value.restore(&mut content);
    }
    Ok(ReplayableAnswer {
        status: StatusCode::OK,
        answer: ReviewAnswer::new(content),
        is_replayed: reviewed.is_replayed,
    })
}

/// Trims the reason for a review and checks its length. A missing reason is the same as an empty one.
pub(super) fn trim_and_check_reason(reason: Option<&str>) -> Result<&str, ApiError> {
    let reason = reason.unwrap_or_default().trim();
    if reason.chars().count() > REASON_CHARS_MAX {
        return Err(ApiError::unprocessable(format!("reason must not have more than {REASON_CHARS_MAX} characters")));
    }
    Ok(reason)
}
