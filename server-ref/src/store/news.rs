//! Invalidations from one process to the others on its database, in the transaction of the change: data that they may
//! have cached is out of date.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// The rules of this project are others.
    RulesChanged(String),
    /// By its id.
    KeyRevoked(String),
    /// By its id: it was switched off or on.
    KeySwitched(String),
    MemberRemoved {
        project_id: String,
        user_id: String,
    },
    UserDeactivated(String),
    /// All sessions of the user have ended, but for one, by its name.
    PasswordChanged {
        user_id: String,
        session: Option<String>,
    },
    /// Anyone who may connect to the database can read this, so it is not the session's id, but the key by which its
    /// sockets are found.
    SessionEnded(String),
    ProjectDeleted(String),
    /// Says who is there, and lets them hear that they can still hear.
    StillHere {
        node: String,
    },
    /// They are going.
    Leaving {
        node: String,
    },
    /// Something may have been said while nobody listened.
    #[serde(skip)]
    Missed,
}
