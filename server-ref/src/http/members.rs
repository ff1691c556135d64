//! Routes `/api/projects/{id}/members[/{user_id}]`.
//!
//! Users become members by invitation (see `invitations`). Admins change and remove members, but only owners change and remove admins and
//! owners. Every member may leave, except the last owner.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Done, answer};
use super::caller::Caller;
use super::error::ApiError;
use super::input::{Body, Ids};
use crate::app::App;
use crate::auth::{AccessLevel, Permission};
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
    Ids(id): Ids<String>,
) -> Result<Json<MembersAnswer>, ApiError> {
    caller.allow(&app, &id, Permission::ReadMembers).await?;
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
    Ids((id, user_id)): Ids<(String, String)>,
    Body(body): Body<RoleBody>,
) -> Result<Json<MemberAnswer>, ApiError> {
    let own = caller.allow(&app, &id, Permission::EditMembers).await?;
    let member = member(&app, &id, &user_id).await?;
    outranks(own, member.role)?;
    outranks(own, body.role)?;
    app.store.set_role(&id, &user_id, body.role, &caller.actor()).await?;
    show(&app, &id, &user_id).await
}

/// Removes a member, and ends the access of their sockets immediately.
#[utoipa::path(
    delete, path = "/api/projects/{id}/members/{user_id}", tag = "members",
    params(("id" = String, Path), ("user_id" = String, Path)),
    responses((status = 200, body = Done))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((id, user_id)): Ids<(String, String)>,
) -> Result<Json<Done>, ApiError> {
    let leaves = caller.user_id().is_ok_and(|own| **own == *user_id);
    if leaves {
        caller.allow(&app, &id, Permission::ReadMembers).await?;
    } else {
        let own = caller.allow(&app, &id, Permission::EditMembers).await?;
        outranks(own, member(&app, &id, &user_id).await?.role)?;
    }
    app.remove_member(&id, &user_id, &caller.actor()).await?;
    Ok(Done::new())
}

/// Checks that a caller with the access `own` may assign this role, and may change a member who has it.
pub(super) fn outranks(own: AccessLevel, role: Role) -> Result<(), ApiError> {
    match own {
        AccessLevel::Role(Role::Owner) => Ok(()),
        AccessLevel::Role(own) if own > role => Ok(()),
        _ => Err(ApiError::forbidden("Only owners can assign or remove this role")),
    }
}

async fn member(app: &App, id: &str, user_id: &str) -> Result<Member, ApiError> {
    let members = app.store.members(id).await?;
    let member = members.into_iter().find(|member| member.user_id == user_id);
    member.ok_or_else(|| ApiError::not_found("Member not found"))
}

async fn show(app: &App, id: &str, user_id: &str) -> Result<Json<MemberAnswer>, ApiError> {
    Ok(MemberAnswer::new(member(app, id, user_id).await?))
}
