//! Invitations to join a project. The invited user can accept or decline an invitation.

use serde::Serialize;
use utoipa::ToSchema;

use super::Role;
use super::accounts::serialize_time;
use crate::ids::CredentialHash;
use crate::time::Micros;

/// An invitation, as the admins of its project see it.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) email: String,
    #[sqlx(try_from = "String")]
    pub(crate) role: Role,
    /// E-mail address of the user who sent the invitation.
    pub(crate) invited_by: String,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Micros,
}

/// An invitation, as the invited user sees it.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct ReceivedInvitation {
    pub(crate) id: String,
    pub(crate) project_id: String,
    pub(crate) project_name: String,
    #[sqlx(try_from = "String")]
    pub(crate) role: Role,
    /// E-mail address of the user who sent the invitation.
    pub(crate) invited_by: String,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Micros,
}

/// A new invitation that has not been stored yet.
#[derive(Debug)]
pub(crate) struct InvitationDraft<'a> {
    pub(crate) project_id: &'a str,
    /// The e-mail address of the invited user, in lower case.
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    pub(crate) token_hash: CredentialHash,
    /// The id of the user who sends the invitation.
    pub(crate) inviter_id: &'a str,
}

/// The id or token by which the invited user refers to an invitation.
#[derive(Debug)]
pub(crate) enum InvitationRef<'a> {
    Id(&'a str),
    /// The hash of the secret token in the invitation link.
    Token(CredentialHash),
}
