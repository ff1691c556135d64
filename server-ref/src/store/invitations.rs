//! Invitations: memberships that wait for the consent of the invited user.

use serde::Serialize;
use utoipa::ToSchema;

use super::Role;
use super::accounts::time;
use crate::ids::KeyHash;
use crate::time::Micros;

/// An invitation as the admins of its project see it.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) email: String,
    #[sqlx(try_from = "String")]
    pub(crate) role: Role,
    /// The e-mail address of the admin who invited them.
    pub(crate) invited_by: String,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Micros,
}

/// An invitation as the invited user sees it.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct ReceivedInvitation {
    pub(crate) id: String,
    pub(crate) project_id: String,
    pub(crate) project_name: String,
    #[sqlx(try_from = "String")]
    pub(crate) role: Role,
    /// The e-mail address of the admin who sent it.
    pub(crate) invited_by: String,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Micros,
}

/// An invitation to be stored.
#[derive(Debug)]
pub(crate) struct InvitationDraft<'a> {
    pub(crate) project_id: &'a str,
    /// In lower case.
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    pub(crate) token_hash: KeyHash,
    /// The user who invites.
    pub(crate) invited_by: &'a str,
}

/// The identification of an invitation by the invited user.
#[derive(Debug)]
pub(crate) enum InvitationKey<'a> {
    Id(&'a str),
    Token(KeyHash),
}
