//! The names of Socket.IO rooms: one per project, and one per group of sockets that can lose access together.

use crate::auth::{KeyAccess, Principal};

/// Returns the name of a project's room.
pub(super) fn project_room_name(project_id: &str) -> String {
    format!("project_{project_id}")
}

/// A group of sockets that can lose access together, for example because they use the same API key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SocketGroup<'a> {
    /// Sockets of the web session whose id has this hash; see `session_id_hash`.
    Session(&'a str),
    /// Sockets of the user with this id.
    User(&'a str),
    /// Sockets of the API key with this id, and of its tokens.
    Key(&'a str),
    /// Sockets of all API keys of the project with this id, and of their tokens.
    KeysOfProject(&'a str),
}

impl SocketGroup<'_> {
    /// Returns the name of the group's room. Its prefix differs from the prefix of projects' rooms.
    pub(super) fn room_name(self) -> String {
        match self {
            Self::Session(id_hash) => format!("session_{id_hash}"),
            Self::User(id) => format!("user_{id}"),
            Self::Key(id) => format!("key_{id}"),
            Self::KeysOfProject(id) => format!("keys_{id}"),
        }
    }
}

/// Returns the names of the rooms for the groups to which a principal's sockets belong.
pub(super) fn group_room_names(principal: &Principal) -> Vec<String> {
    match principal {
        Principal::Key(KeyAccess { key, .. }) => {
            vec![SocketGroup::Key(&key.id).room_name(), SocketGroup::KeysOfProject(&key.project_id).room_name()]
        }
        Principal::User { id, session_id_hash, .. } => {
            vec![SocketGroup::Session(session_id_hash).room_name(), SocketGroup::User(id).room_name()]
        }
    }
}
