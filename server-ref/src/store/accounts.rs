//! Users, projects and members, as the store returns them.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::time::{Micros, rfc3339};

/// A member's role in a project. Each role includes the rights of all lower roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May read everything except API keys, invitations and the audit log, and may submit and review items.
    Member,
    /// May also read the audit log, edit the project and its rules, API keys, invitations and members, and send notifications.
    Admin,
    /// May also delete the project, and add and remove admins and owners.
    Owner,
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Parses a role stored in the database. An unknown word is parsed as the role with the fewest rights.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            _ => Self::Member,
        }
    }
}

/// Parses the name under which the database stores a role.
impl From<String> for Role {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

/// A user's credentials, against which sign-ins are checked.
#[derive(Debug, Clone)]
pub(crate) struct UserCredentials {
    pub(crate) id: String,
    pub(crate) password_hash: String,
    pub(crate) is_active: bool,
}

/// A user, as returned by the REST API.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    /// True if the user is an administrator of the server.
    pub(crate) is_admin: bool,
    /// True if the user may sign in.
    pub(crate) is_active: bool,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

/// A project, as returned by the REST API.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Role of the signed-in user in the project. Absent if the request used an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

/// A member of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    pub(crate) user_id: String,
    pub(crate) email: String,
    pub(crate) role: Role,
}

/// Serializes a time in RFC 3339 format.
pub(super) fn serialize_time<S: Serializer>(micros: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*micros))
}
