//! Routes `/api/projects/{id}/invitations[/{invitation_id}]` for admins, and `/api/invitations[/{token}]` for invited users.
//!
//! Through these routes, users become members only with their consent. The server sends no e-mail: it shows an invitation to the user with
//! the invited e-mail address, and the admin can pass on a link that contains the invitation's token. The responses don't reveal whether
//! any user has the address, unless that user is already a member.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::error::ApiError;
use super::input::{JsonBody, PathIds};
use super::members::check_may_manage_role;
use super::projects::{ProjectAnswer, project_answer};
use super::success_answer::{SuccessAnswer, answer};
use crate::app::App;
use crate::auth::{Permission, trim_and_check_email};
use crate::ids::{invitation_token_hash, new_invitation_token};
use crate::store::{Invitation, InvitationDraft, InvitationRef, ReceivedInvitation, Role};

/// A new invitation.
#[derive(Deserialize, ToSchema)]
pub(super) struct InvitationBody {
    /// E-mail address to invite. A user with this address need not exist yet.
    email: String,
    /// Role that the user receives; `member` by default.
    role: Option<Role>,
}

/// An invitation with its token. The token is shown only once, because the server stores only its hash.
#[derive(Serialize, ToSchema)]
pub(super) struct NewInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    /// Token for accepting or declining the invitation. It works only for the user with the invited e-mail address.
    token: String,
}

answer!(InvitationAnswer { invitation: NewInvitation });
answer!(InvitationsAnswer { invitations: Vec<Invitation> });
answer!(ReceivedInvitationsAnswer { invitations: Vec<ReceivedInvitation> });

type InvitationCreatedResponse = (StatusCode, [(http::HeaderName, &'static str); 1], Json<InvitationAnswer>);

/// Lists the pending invitations of a project. For admins.
#[utoipa::path(
    get, path = "/api/projects/{id}/invitations", tag = "invitations", params(("id" = String, Path)),
    responses((status = 200, body = InvitationsAnswer))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<InvitationsAnswer>, ApiError> {
    caller.require_permission(&app, &id, Permission::EditMembers).await?;
    Ok(InvitationsAnswer::new(app.store.invitations(&id).await?))
}

/// Invites an e-mail address to a project. For admins; only owners can invite users as admins or owners.
///
/// The invitation expires after seven days, and replaces an earlier invitation for the same address.
#[utoipa::path(
    post, path = "/api/projects/{id}/invitations", tag = "invitations", params(("id" = String, Path)),
    request_body = InvitationBody, responses((status = 201, body = InvitationAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    JsonBody(body): JsonBody<InvitationBody>,
) -> Result<InvitationCreatedResponse, ApiError> {
    invite(&app, &caller, &id, &body).await
}

/// Invites an e-mail address to a project, like `POST /api/projects/{id}/invitations`. The user becomes a member by accepting.
#[utoipa::path(
    post, path = "/api/projects/{id}/members", tag = "members", params(("id" = String, Path)),
    request_body = InvitationBody, responses((status = 201, body = InvitationAnswer))
)]
pub(super) async fn invite_member(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
    JsonBody(body): JsonBody<InvitationBody>,
) -> Result<InvitationCreatedResponse, ApiError> {
    invite(&app, &caller, &id, &body).await
}

async fn invite(
    app: &App,
    caller: &Caller,
    id: &str,
    body: &InvitationBody,
) -> Result<InvitationCreatedResponse, ApiError> {
    let own = caller.require_permission(app, id, Permission::EditMembers).await?;
    let role = body.role.unwrap_or(Role::Member);
    check_may_manage_role(own, role)?;
    let email = trim_and_check_email(&body.email)?.to_ascii_lowercase();
    let token = new_invitation_token();
    let draft = InvitationDraft {
        project_id: id,
        email: &email,
        role,
        token_hash: invitation_token_hash(&token),
        inviter_id: caller.user_id()?,
    };
    let invitation =
        app.store.create_invitation(draft, &caller.actor(), |role| check_may_manage_role(own, role).is_ok()).await?;
    let answer = InvitationAnswer::new(NewInvitation { invitation, token });
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], answer))
}

/// Withdraws an invitation. For admins; only owners can withdraw invitations to become an admin or owner.
#[utoipa::path(
    delete, path = "/api/projects/{id}/invitations/{invitation_id}", tag = "invitations",
    params(("id" = String, Path), ("invitation_id" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds((id, invitation_id)): PathIds<(String, String)>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    let own = caller.require_permission(&app, &id, Permission::EditMembers).await?;
    let may_withdraw = |role| check_may_manage_role(own, role).is_ok();
    app.store.withdraw_invitation(&id, &invitation_id, &caller.actor(), may_withdraw).await?;
    Ok(SuccessAnswer::new())
}

/// Lists up to 200 invitations for the e-mail address of the signed-in user, newest first.
#[utoipa::path(
    get, path = "/api/invitations", tag = "invitations", responses((status = 200, body = ReceivedInvitationsAnswer))
)]
pub(super) async fn received(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<ReceivedInvitationsAnswer>, ApiError> {
    let user = caller.user(&app).await?;
    Ok(ReceivedInvitationsAnswer::new(app.store.received_invitations(&user.email).await?))
}

/// Accepts the invitation with this token or id. For the signed-in user with the invited e-mail address.
#[utoipa::path(
    post, path = "/api/invitations/{token}", tag = "invitations", params(("token" = String, Path)),
    responses((status = 200, body = ProjectAnswer))
)]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(token): PathIds<String>,
) -> Result<Json<ProjectAnswer>, ApiError> {
    let user_id = caller.user_id()?.clone();
    let project_id =
        app.store.accept_invitation(parse_invitation_ref(&token), &user_id, &caller.actor_without_address()).await?;
    project_answer(&app, &caller, &project_id).await
}

/// Declines the invitation with this token or id. For the signed-in user with the invited e-mail address.
#[utoipa::path(
    delete, path = "/api/invitations/{token}", tag = "invitations", params(("token" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn decline(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(token): PathIds<String>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    caller.user_id()?;
    app.store.decline_invitation(parse_invitation_ref(&token), &caller.actor_without_address()).await?;
    Ok(SuccessAnswer::new())
}

fn parse_invitation_ref(text: &str) -> InvitationRef<'_> {
    match uuid::Uuid::try_parse(text) {
        Ok(_) => InvitationRef::Id(text),
        Err(_) => InvitationRef::Token(invitation_token_hash(text)),
    }
}
