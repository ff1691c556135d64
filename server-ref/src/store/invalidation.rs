//! Invalidations: messages from one process to the others on its database that data which they may have cached is out of date.
//! They are sent in the transaction of the change.

use serde::{Deserialize, Serialize};

/// Changed data that a process may have cached, or whose sockets it may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Invalidation {
    /// The rules of this project changed.
    RulesChanged(String),
    /// The id of the key.
    KeyRevoked(String),
    /// The id of a key that was switched off or on.
    KeySwitched(String),
    MemberRemoved {
        project_id: String,
        user_id: String,
    },
    UserDeactivated(String),
    /// All sessions of the user have ended, except the one with this name.
    PasswordChanged {
        user_id: String,
        session: Option<String>,
    },
    /// The name of the session, by which its sockets are found. Everyone who may connect to the database can read this, so it is not
    /// the session's id.
    SessionEnded(String),
    ProjectDeleted(String),
    /// Events are missing from the log, and it has another id.
    LogReplaced,
    /// The heartbeat of a node. It shows the others that the node runs, and the node itself that messages still arrive.
    #[serde(rename = "still_here")]
    NodeAlive {
        node: String,
    },
    #[serde(rename = "leaving")]
    NodeLeaving {
        node: String,
    },
    /// Messages may have been lost, so anything may be out of date.
    #[serde(skip)]
    Missed,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes of two versions share a database during an upgrade.
    #[test]
    fn the_json_of_a_heartbeat_stays_the_same() {
        let json = |invalidation: &Invalidation| serde_json::to_string(invalidation).unwrap();
        let node = || "n".to_owned();
        assert_eq!(json(&Invalidation::NodeAlive { node: node() }), r#"{"still_here":{"node":"n"}}"#);
        assert_eq!(json(&Invalidation::NodeLeaving { node: node() }), r#"{"leaving":{"node":"n"}}"#);
    }
}
