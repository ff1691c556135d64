//! Users, projects and members, as they come out of the store.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Actor, AuditDraft};
use crate::time::{Micros, rfc3339};

/// What a member may do in a project. Each may what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything but keys, submits and reviews contents.
    Member,
    /// Also edits the project, its rules, keys and members, and notifies.
    Admin,
    /// Also deletes the project, and makes and removes admins and owners.
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

    /// What the database holds; a word it should not hold gives the least.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            _ => Self::Member,
        }
    }
}

/// From the database.
impl From<String> for Role {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

/// What a sign-in is checked against.
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
    /// Whether they administer the server.
    pub(crate) is_admin: bool,
    /// Whether they may sign in.
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

/// A notification that is in force until it is withdrawn.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Notification {
    pub(crate) id: String,
    /// Null: for all projects.
    pub(crate) project_id: Option<String>,
    #[sqlx(rename = "type")]
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Micros,
}

impl Notification {
    /// As the audit log shows it.
    pub(super) fn state(&self) -> Value {
        json!({"type": self.kind, "message": self.message})
    }

    /// The audit log's entry of a new one.
    pub(crate) fn created(&self, persistent: bool, by: &Actor) -> AuditDraft {
        let mut after = self.state();
        after["persistent"] = persistent.into();
        AuditDraft::new(by, "notification.create", &self.id).after(after)
    }
}

/// Times as the wire shows them.
pub(super) fn time<S: Serializer>(micros: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*micros))
}
