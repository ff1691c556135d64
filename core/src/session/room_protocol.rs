//! Payloads of the room and replay protocol, and their lenient decoding.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, value::RawValue};

use crate::events::{Arrival, Cursor, EVENT_ID_MAX, Event, Origin, ProjectId, ServerRefusal, decode, parse_refusal};

/// Payload of `joined_project`, including the fields that only servers with an event log send.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct JoinedProjectPayload {
    #[serde(default, deserialize_with = "lenient_string")]
    pub(crate) project_id: Option<String>,
    #[serde(default, deserialize_with = "is_true")]
    replay: bool,
    #[serde(default, deserialize_with = "lenient_u64")]
    event_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient_string")]
    log: Option<String>,
}

/// Decodes a non-negative integer, written as an integer, a float or a string. Returns `None` for anything else.
fn lenient_u64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let float = || value.as_f64().filter(|v| v.fract() == 0.0 && *v >= 0.0).map(|v| v as u64);
    Ok(value.as_u64().or_else(float).or_else(|| value.as_str()?.trim().parse().ok()))
}

/// Decodes a string, and converts a number to a string. Returns `None` for anything else.
fn lenient_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Returns `true` only for the JSON value `true`.
fn is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)? == Value::Bool(true))
}

impl JoinedProjectPayload {
    pub(crate) fn decode(data: &str) -> Self {
        serde_json::from_str(data).unwrap_or_default()
    }

    pub(crate) fn project(&self) -> Option<ProjectId> {
        self.project_id.as_deref().map(ProjectId::from)
    }

    /// Returns the head of the project's log, or `None` if the payload reports none, for example because the server has
    /// no log.
    pub(crate) fn head(&self) -> Option<Cursor> {
        let event_id = self.event_id.filter(|id| self.replay && *id <= EVENT_ID_MAX)?;
        Some(Cursor { log: self.log.as_deref().map(Arc::from), event_id })
    }
}

#[derive(Debug)]
pub(crate) struct LogPage {
    pub(crate) events: Vec<Event>,
    pub(crate) head_id: u64,
    pub(crate) oldest_id: u64,
    pub(crate) log_id: Option<Arc<str>>,
}

impl LogPage {
    pub(crate) fn head_cursor(&self) -> Cursor {
        Cursor { log: self.log_id.clone(), event_id: self.head_id }
    }

    /// Decodes the acknowledgement of `replay_events`.
    ///
    /// # Errors
    /// Returns the server's refusal if the acknowledgement contains no valid page.
    pub(crate) fn decode(arguments: &str, at: jiff::Timestamp) -> Result<Self, ServerRefusal> {
        #[derive(Deserialize)]
        struct PagePayload<'a> {
            #[serde(borrow)]
            events: Vec<PageEntry<'a>>,
            #[serde(default, deserialize_with = "lenient_u64")]
            head: Option<u64>,
            #[serde(default, deserialize_with = "lenient_u64")]
            oldest: Option<u64>,
            #[serde(default, deserialize_with = "lenient_string")]
            log: Option<String>,
        }
        #[derive(Deserialize)]
        struct PageEntry<'a> {
            event: String,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        match first_argument::<PagePayload<'_>>(arguments) {
            Some(Ok(PagePayload { events, head: Some(head), oldest, log })) if head <= EVENT_ID_MAX => {
                let received = Arrival { origin: Origin::Replay, at };
                let events = events.iter().map(|e| decode(&e.event, e.data.get(), received)).collect();
                let events = sort_by_id(events);
                Ok(Self { events, head_id: head, oldest_id: oldest.unwrap_or(1), log_id: log.map(Arc::from) })
            }
            _ => Err(parse_refusal(arguments)),
        }
    }
}

/// Sorts events by id. Events without an id stay after the event that they followed.
fn sort_by_id(mut events: Vec<Event>) -> Vec<Event> {
    let ids = || events.iter().filter_map(Event::event_id);
    if ids().is_sorted() {
        return events;
    }
    let mut last = 0;
    let mut placed: Vec<_> = events
        .drain(..)
        .map(|event| {
            last = event.event_id().unwrap_or(last);
            (last, event)
        })
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, event)| event).collect()
}

fn first_argument<'a, T: Deserialize<'a>>(arguments: &'a str) -> Option<Result<T, serde_json::Error>> {
    serde_json::Deserializer::from_str(arguments).into_iter::<T>().next()
}

/// Returns `true` if the first argument is valid JSON, or if there are no arguments.
pub(crate) fn is_first_argument_valid_json(arguments: &str) -> bool {
    first_argument::<serde::de::IgnoredAny>(arguments).is_none_or(|read| read.is_ok())
}

/// Outcome of a join or leave according to its acknowledgement alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomAckVerdict {
    /// The acknowledgement, such as the `[]` of deployed servers, does not state the outcome.
    Unstated,
    Accepted,
    Refused,
}

/// Reads the outcome of a join or leave from the arguments of its acknowledgement.
pub(crate) fn read_room_ack_verdict(arguments: &str) -> RoomAckVerdict {
    let Some(Ok(serde_json::Value::Object(fields))) = first_argument(arguments) else {
        return RoomAckVerdict::Unstated;
    };
    let flag = ["ok", "success"].iter().find_map(|name| fields.get(*name)?.as_bool());
    match flag {
        Some(true) => RoomAckVerdict::Accepted,
        Some(false) => RoomAckVerdict::Refused,
        None if fields.contains_key("error") || fields.contains_key("code") => RoomAckVerdict::Refused,
        None if fields.contains_key("project_id") => RoomAckVerdict::Accepted,
        None => RoomAckVerdict::Unstated,
    }
}

/// Converts the arguments of an acknowledgement to one JSON value: `null` if there are no arguments, the argument
/// itself if there is one, and otherwise an array of the arguments.
pub(crate) fn ack_arguments_as_value(arguments: &str) -> Result<String, serde_json::Error> {
    let list = format!("[{arguments}]");
    let values: Vec<&RawValue> = serde_json::from_str(&list)?;
    Ok(match values.as_slice() {
        [] => "null".to_owned(),
        [one] => one.get().to_owned(),
        _ => list,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_a_page_are_sorted_by_id() {
        let event = |id: &str| format!(r#"{{"event":"user_activity","data":{{"user_id":"u"{id}}}}}"#);
        let ids = [r#","event_id":7"#, r#","event_id":5"#, "", r#","event_id":6"#].map(event).join(",");
        let page = LogPage::decode(&format!(r#"{{"events":[{ids}],"head":7}}"#), jiff::Timestamp::UNIX_EPOCH).unwrap();
        let ids: Vec<_> = page.events.iter().map(Event::event_id).collect();
        assert_eq!(ids, [Some(5), None, Some(6), Some(7)]);
    }

    #[test]
    fn numbers_may_be_integers_floats_or_strings() {
        for head in ["5", "5.0", "5e0", "\"5\""] {
            let joined = JoinedProjectPayload::decode(&format!(
                r#"{{"project_id":"p","replay":true,"event_id":{head},"log":"l"}}"#
            ));
            assert_eq!(joined.head(), Some(Cursor { log: Some("l".into()), event_id: 5 }), "{head}");
            let page = format!(r#"{{"events":[],"head":{head},"oldest":{head},"log":7}}"#);
            let page = LogPage::decode(&page, jiff::Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!((page.head_id, page.oldest_id, page.log_id.as_deref()), (5, 5, Some("7")));
        }
        assert_eq!(JoinedProjectPayload::decode(r#"{"project_id":12,"event_id":null}"#).project(), Some("12".into()));
        for head in ["-1", "1.5", "null", "[]"] {
            assert_eq!(
                JoinedProjectPayload::decode(&format!(r#"{{"replay":true,"event_id":{head}}}"#)).head(),
                None,
                "{head}"
            );
            assert!(
                LogPage::decode(&format!(r#"{{"events":[],"head":{head}}}"#), jiff::Timestamp::UNIX_EPOCH).is_err()
            );
        }
    }
}
