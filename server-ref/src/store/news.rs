//! What one process tells the others that share its database, in the transaction that makes it true: what they may have kept in
//! memory is no longer so.

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
    /// Whoever may connect to the database can hear this: not the session's id, but what its sockets are found by.
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
