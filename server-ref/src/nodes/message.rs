//! The result of one commit in one project, as nodes announce it to each other.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Error;
use crate::store::{Counts, LoggedEvent, Part, Recent};

/// As JSON. A node that does not understand a message finds its events in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The sender: a node receives its own messages, too.
    pub(crate) node: String,
    pub(crate) project_id: String,
    /// Ids, names and payloads, in the order of the ids.
    pub(crate) events: Vec<(i64, String, Box<RawValue>)>,
    /// The project's counts after them, if they changed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) counts: Option<Counts>,
    /// The decisions, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) recent: Vec<Recent>,
}

impl Message {
    pub(crate) fn new(node: &str, project_id: &str, part: &Part) -> Self {
        let event = |event: &LoggedEvent| (event.event_id, event.name.to_owned(), (*event.data).to_owned());
        Self {
            node: node.to_owned(),
            project_id: project_id.to_owned(),
            events: part.events.iter().map(event).collect(),
            counts: part.counts,
            recent: part.recent.clone(),
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|error| Error::Internal(error.to_string()))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Status;

    #[test]
    fn it_comes_as_it_went() {
        let data = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let message = Message {
            node: "n".into(),
            project_id: "p".into(),
            events: vec![(7, "moderation_update".into(), data(r#"{"a": 1.0,"event_id":7}"#))],
            counts: Some(Counts { approved: 1, rejected: 2, flagged: 3, pending: 4 }),
            recent: vec![Recent { content_id: "c".into(), decision: Status::Flagged, timestamp: "t".into() }],
        };
        let bytes = message.encode().unwrap();
        let heard = Message::decode(&bytes).unwrap();
        // Payloads are never parsed on the way.
        assert_eq!(heard.events[0].2.get(), r#"{"a": 1.0,"event_id":7}"#);
        assert_eq!(heard.counts.unwrap().flagged, 3);
        assert_eq!(heard.encode().unwrap(), bytes);
    }
}
