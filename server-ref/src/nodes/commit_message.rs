//! The message by which a node announces a commit in a project to the other nodes.
//!
//! A message consists of a MAC and JSON. Only nodes with the same database can compute the MAC, so messages from other clients of Redis
//! are dropped.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::Error;
use crate::store::{LoggedEvent, ProjectEventBatch, RecentDecision, StatusCounts};

/// Length of the MAC at the start of a message, in bytes.
const MAC_BYTES: usize = 32;

/// A random key that authenticates messages, shared by all nodes with the same database.
#[derive(Clone)]
pub(crate) struct NodeMessageSecret(Hmac<Sha256>);

impl NodeMessageSecret {
    /// Creates the key from a text.
    ///
    /// # Errors
    /// Never returns an error in practice, because HMAC accepts keys of any length.
    pub(crate) fn new(secret: &str) -> Result<Self, Error> {
        let mac = Hmac::new_from_slice(secret.as_bytes());
        mac.map(Self).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Returns a MAC over the channel and the JSON. The channel is included so that a message about one project can't be replayed on
    /// another project's channel.
    fn mac(&self, channel: &str, json: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&(channel.len() as u64).to_be_bytes());
        mac.update(channel.as_bytes());
        mac.update(json);
        mac
    }
}

impl std::fmt::Debug for NodeMessageSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeMessageSecret(…)")
    }
}

/// The reason why a message is dropped.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageRefusal {
    /// The message was not sent by a node with this database, or the sender's version computes the MAC differently.
    #[error("no valid MAC")]
    Unauthenticated,
    /// The MAC is valid, but the JSON can't be decoded: the sender runs a version with another message format.
    #[error(transparent)]
    Undecodable(#[from] serde_json::Error),
}

/// The events of one commit in one project. A node that can't decode the message reads the events from the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommitMessage {
    /// Name of the node that sent the message. A node also receives its own messages and ignores them.
    pub(crate) node: String,
    pub(crate) project_id: String,
    /// Ids, names and payloads of the events, in the order of the ids.
    pub(crate) events: Vec<(i64, String, Box<RawValue>)>,
    /// The project's counts after these events, if the events changed them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) counts: Option<StatusCounts>,
    /// The decisions in these events, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) recent: Vec<RecentDecision>,
}

impl CommitMessage {
    pub(crate) fn new(node: &str, project_id: &str, part: &ProjectEventBatch) -> Self {
        let event = |event: &LoggedEvent| (event.event_id, event.name.to_owned(), (*event.data).to_owned());
        Self {
            node: node.to_owned(),
            project_id: project_id.to_owned(),
            events: part.events.iter().map(event).collect(),
            counts: part.status_counts,
            recent: part.recent_decisions.clone(),
        }
    }

    /// Encodes the message for a channel: the MAC, then the JSON.
    pub(super) fn encode(&self, channel: &str, secret: &NodeMessageSecret) -> Result<Vec<u8>, Error> {
        let json = serde_json::to_vec(self).map_err(|error| Error::Internal(error.to_string()))?;
        let mut bytes = secret.mac(channel, &json).finalize().into_bytes().to_vec();
        bytes.extend(json);
        Ok(bytes)
    }

    /// Verifies the MAC of a message from a channel, then decodes it.
    pub(super) fn decode(channel: &str, bytes: &[u8], secret: &NodeMessageSecret) -> Result<Self, MessageRefusal> {
        let (mac, json) = bytes.split_at_checked(MAC_BYTES).ok_or(MessageRefusal::Unauthenticated)?;
        secret.mac(channel, json).verify_slice(mac).map_err(|_| MessageRefusal::Unauthenticated)?;
        Ok(serde_json::from_slice(json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Status;

    const CHANNEL: &str = "automoderate:log:p";

    fn secret(text: &str) -> NodeMessageSecret {
        NodeMessageSecret::new(text).unwrap()
    }

    fn message() -> CommitMessage {
        let data = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        CommitMessage {
            node: "n".into(),
            project_id: "p".into(),
            events: vec![(7, "moderation_update".into(), data(r#"{"a": 1.0,"event_id":7}"#))],
            counts: Some(StatusCounts { approved: 1, rejected: 2, flagged: 3, pending: 4 }),
            recent: vec![RecentDecision { content_id: "c".into(), decision: Status::Flagged, timestamp: "t".into() }],
        }
    }

    #[test]
    fn a_message_survives_encoding() {
        let bytes = message().encode(CHANNEL, &secret("s")).unwrap();
        let decoded = CommitMessage::decode(CHANNEL, &bytes, &secret("s")).unwrap();
        // Payloads are transported without being parsed.
        assert_eq!(decoded.events[0].2.get(), r#"{"a": 1.0,"event_id":7}"#);
        assert_eq!(decoded.counts.unwrap().flagged, 3);
        assert_eq!(decoded.encode(CHANNEL, &secret("s")).unwrap(), bytes);
    }

    #[test]
    fn a_forged_message_is_refused() {
        let good = message().encode(CHANNEL, &secret("s")).unwrap();
        let json = serde_json::to_vec(&message()).unwrap();
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        let with_zeros = [&[0; MAC_BYTES][..], &json].concat();
        let with_other_secret = message().encode(CHANNEL, &secret("other")).unwrap();
        for forged in [&json, &changed, &with_zeros, &with_other_secret, &good[..MAC_BYTES].to_vec(), &Vec::new()] {
            assert!(matches!(
                CommitMessage::decode(CHANNEL, forged, &secret("s")),
                Err(MessageRefusal::Unauthenticated)
            ));
        }
        let elsewhere = CommitMessage::decode("automoderate:log:q", &good, &secret("s"));
        assert!(matches!(elsewhere, Err(MessageRefusal::Unauthenticated)));
    }

    #[test]
    fn a_message_from_another_version_is_undecodable() {
        let mut bytes = secret("s").mac(CHANNEL, b"[]").finalize().into_bytes().to_vec();
        bytes.extend(b"[]");
        assert!(matches!(CommitMessage::decode(CHANNEL, &bytes, &secret("s")), Err(MessageRefusal::Undecodable(_))));
    }
}
