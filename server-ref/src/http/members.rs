//! Routes `/api/projects/{id}/members[/{user_id}]`.
//!
//! Users join a project by accepting an invitation (see `invitations`). Admins can change and remove members, but only owners can change
//! and remove admins and owners. Every member may leave, except the last owner.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::{JsonBody, PathIds};
use super::success_answer::{SuccessAnswer, answer};
use crate::app::App;
use crate::auth::{Permission, ProjectAccess};
use crate::store::{Member, Role};

/// A member's new role.
#[derive(Deserialize, ToSchema)]
pub(super) struct RoleBody {
    role: Role,
}

answer!(MemberAnswer { member: Member });
answer!(MembersAnswer { members: Vec<Member> });

/// Lists the members of a project.
#[utoipa::path(
    get, path = "/api/projects/{id}/members", tag = "members", params(("id" = String, Path)),
    responses((status = 200, body = MembersAnswer))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<MembersAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::ReadMembers).await?;
    Ok(MembersAnswer::new(app.store.members(&id).await?))
}

/// Changes a member's role. For admins; only owners can change or appoint admins and owners.
#[utoipa::path(
    method(patch, put), path = "/api/projects/{id}/members/{user_id}", tag = "members",
    params(("id" = String, Path), ("user_id" = String, Path)),
    request_body = RoleBody, responses((status = 200, body = MemberAnswer))
)]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, user_id)): PathIds<(String, String)>,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Json<MemberAnswer>, ApiError> {
    let own = caller.require_permission(&app, &id, Permission::EditMembers).await?;
    let member = find_member(&app, &id, &user_id).await?;
    check_may_manage_role(own, member.role)?;
    check_may_manage_role(own, body.role)?;
    app.store.set_role(&id, &user_id, body.role, &caller.actor()).await?;
    member_answer(&app, &id, &user_id).await
}

/// Removes a member, whose sockets immediately lose access to the project. For admins, and for members who leave; only owners can remove
/// other admins and owners.
#[utoipa::path(
    delete, path = "/api/projects/{id}/members/{user_id}", tag = "members",
    params(("id" = String, Path), ("user_id" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, user_id)): PathIds<(String, String)>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    let is_leaving = caller.user_id().is_ok_and(|own| **own == *user_id);
    if is_leaving {
        caller.require_permission(&app, &id, Permission::ReadMembers).await?;
    } else {
        let own = caller.require_permission(&app, &id, Permission::EditMembers).await?;
        check_may_manage_role(own, find_member(&app, &id, &user_id).await?.role)?;
    }
    app.remove_member(&id, &user_id, &caller.actor()).await?;
    Ok(SuccessAnswer::new())
}

/// Checks that a caller with the access `own` may assign this role and may change a member who has this role.
pub(super) fn check_may_manage_role(own: ProjectAccess, role: Role) -> Result<(), ApiError> {
    match own {
        ProjectAccess::Role(Role::Owner) => Ok(()),
        ProjectAccess::Role(own) if own > role => Ok(()),
        _ => Err(ApiError::forbidden("Only owners can assign or remove this role")),
    }
}

async fn find_member(app: &App, id: &str, user_id: &str) -> Result<Member, ApiError> {
    let members = app.store.members(id).await?;
    let member = members.into_iter().find(|member| member.user_id == user_id);
    member.ok_or_else(|| ApiError::not_found("Member not found"))
}

async fn member_answer(app: &App, id: &str, user_id: &str) -> Result<Json<MemberAnswer>, ApiError> {
    Ok(MemberAnswer::new(find_member(app, id, user_id).await?))
}
