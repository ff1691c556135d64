//! Messages that a process sends to all processes on the same database, usually because cached data is out of date.
//!
//! An invalidation that announces a change is sent in the same transaction as the change.

use serde::{Deserialize, Serialize};

/// A change that makes cached data outdated or withdraws access from open sockets, or the news that a node is alive or leaving, or that
/// messages may have been lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Invalidation {
    /// The rules of the project with this id changed.
    RulesChanged(String),
    /// The API key with this id was revoked.
    KeyRevoked(String),
    /// The API key with this id was switched on or off.
    #[serde(rename = "key_switched")]
    KeyToggled(String),
    MemberRemoved {
        project_id: String,
        user_id: String,
    },
    /// The user with this id was deactivated or deleted.
    UserDeactivated(String),
    /// A user's password changed, which ended all of the user's sessions except the one whose id has the hash `kept_session`.
    PasswordChanged {
        user_id: String,
        #[serde(rename = "session")]
        kept_session: Option<String>,
    },
    /// The session whose id has this hash ended. The id itself is not sent: it is a secret, and any client of the database can read
    /// the message.
    SessionEnded(String),
    /// The project with this id was deleted.
    ProjectDeleted(String),
    /// The event log has lost events and has received a new id.
    LogReplaced,
    /// The heartbeat of a node, which shows that the node is running and that messages are being delivered.
    #[serde(rename = "still_here")]
    NodeAlive {
        node: String,
    },
    /// A node is shutting down.
    #[serde(rename = "leaving")]
    NodeLeaving {
        node: String,
    },
    /// Messages may have been lost, so any cached data may be out of date.
    #[serde(skip)]
    MessagesMissed,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// During an upgrade, nodes of two versions share a database, so the JSON must not change.
    #[test]
    fn the_json_of_a_heartbeat_stays_the_same() {
        let json = |invalidation: &Invalidation| serde_json::to_string(invalidation).unwrap();
        let node = || "n".to_owned();
        assert_eq!(json(&Invalidation::NodeAlive { node: node() }), r#"{"still_here":{"node":"n"}}"#);
        assert_eq!(json(&Invalidation::NodeLeaving { node: node() }), r#"{"leaving":{"node":"n"}}"#);
    }
}
