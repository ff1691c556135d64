//! The names of rooms: a project's, and those by which sockets with the same credentials are found.

use crate::auth::{KeyAccess, Principal};

/// The room of a project.
pub(super) fn project_room(project_id: &str) -> String {
    format!("project_{project_id}")
}

/// Sockets with the same credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SocketGroup<'a> {
    /// Sockets of a session, by its name; see `session_name`.
    Session(&'a str),
    User(&'a str),
    /// Sockets of a key and of its tokens.
    Key(&'a str),
    /// Sockets of any key of this project.
    KeysOfProject(&'a str),
}

impl SocketGroup<'_> {
    /// Returns the name of the room. It differs from the names of projects' rooms, which begin otherwise.
    pub(super) fn room(self) -> String {
        match self {
            Self::Session(name) => format!("session_{name}"),
            Self::User(id) => format!("user_{id}"),
            Self::Key(id) => format!("key_{id}"),
            Self::KeysOfProject(id) => format!("keys_{id}"),
        }
    }
}

/// The rooms of the groups that a principal's sockets belong to.
pub(super) fn group_rooms(principal: &Principal) -> Vec<String> {
    match principal {
        Principal::Key(KeyAccess { key, .. }) => {
            vec![SocketGroup::Key(&key.id).room(), SocketGroup::KeysOfProject(&key.project_id).room()]
        }
        Principal::User { id, session, .. } => {
            vec![SocketGroup::Session(session).room(), SocketGroup::User(id).room()]
        }
    }
}
