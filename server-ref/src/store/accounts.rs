//! Users, projects and members, as the store returns them.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::time::{Micros, rfc3339};

/// A member's role in a project. Each role includes the rights of the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything except keys; submits and reviews items.
    Member,
    /// Also edits the project, its rules, keys and members, and sends notifications.
    Admin,
    /// Also deletes the project, and adds and removes admins and owners.
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

    /// The role that this word in the database stands for. An unknown word gives the least rights.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            _ => Self::Member,
        }
    }
}

/// Read from the database.
impl From<String> for Role {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

/// A user's credentials, which a sign-in is checked against.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) password_hash: String,
    pub(crate) is_active: bool,
}

/// A user as the REST interface shows them.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    /// True for an administrator of the server.
    pub(crate) is_admin: bool,
    /// True if the user may sign in.
    pub(crate) is_active: bool,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

/// A project, and for a session the user's role in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    #[serde(serialize_with = "time")]
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

/// Serializes a time in RFC 3339.
pub(super) fn time<S: Serializer>(micros: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*micros))
}
