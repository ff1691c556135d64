//! The payloads of the room and replay protocol, read leniently.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::events::{EVENT_ID_MAX, Event, Notice, Origin, ProjectId, Received, decode, notice};

/// `joined_project`, with what servers add that keep an event log.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Joined {
    #[serde(default)]
    pub(crate) project_id: Option<String>,
    #[serde(default)]
    replay: Option<bool>,
    #[serde(default)]
    event_id: Option<u64>,
    #[serde(default)]
    log: Option<String>,
}

/// The head of a project's event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogHead {
    pub(crate) log: Option<Arc<str>>,
    pub(crate) head: u64,
}

impl Joined {
    pub(crate) fn read(data: &str) -> Self {
        serde_json::from_str(data).unwrap_or_default()
    }

    pub(crate) fn project(&self) -> Option<ProjectId> {
        self.project_id.as_deref().map(ProjectId::from)
    }

    /// The head of the log, if the server keeps one.
    pub(crate) fn head(&self) -> Option<LogHead> {
        let head = self.event_id.filter(|id| self.replay == Some(true) && *id <= EVENT_ID_MAX)?;
        Some(LogHead { log: self.log.as_deref().map(Arc::from), head })
    }
}

/// A page of the event log.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) events: Vec<Event>,
    pub(crate) head: u64,
    pub(crate) oldest: u64,
    pub(crate) log: Option<Arc<str>>,
}

impl Page {
    /// Reads the acknowledgement of `replay_events`: the page, or the server's words why there is none.
    pub(crate) fn read(arguments: &str, at: jiff::Timestamp) -> Result<Self, Notice> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            events: Vec<Entry<'a>>,
            head: u64,
            #[serde(default)]
            oldest: Option<u64>,
            #[serde(default)]
            log: Option<String>,
        }
        #[derive(Deserialize)]
        struct Entry<'a> {
            event: String,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        match first_argument::<Wire<'_>>(arguments) {
            Some(Ok(wire)) if wire.head <= EVENT_ID_MAX => {
                let received = Received { origin: Origin::Replay, at };
                let events = wire.events.iter().map(|e| decode(&e.event, e.data.get(), received)).collect();
                Ok(Self { events, head: wire.head, oldest: wire.oldest.unwrap_or(1), log: wire.log.map(Arc::from) })
            }
            _ => Err(notice(arguments)),
        }
    }
}

fn first_argument<'a, T: Deserialize<'a>>(arguments: &'a str) -> Option<Result<T, serde_json::Error>> {
    serde_json::Deserializer::from_str(arguments).into_iter::<T>().next()
}

/// Whether the first argument is JSON, or there is none.
pub(crate) fn is_readable(arguments: &str) -> bool {
    first_argument::<serde::de::IgnoredAny>(arguments).is_none_or(|read| read.is_ok())
}

/// What the acknowledgement of a join or leave says by itself, apart from the event that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AckVerdict {
    /// Nothing: deployed servers send `[]`.
    Silent,
    Yes,
    No,
}

/// Reads what the acknowledgement of a join or leave says.
pub(crate) fn ack_verdict(arguments: &str) -> AckVerdict {
    let Some(Ok(serde_json::Value::Object(fields))) = first_argument(arguments) else { return AckVerdict::Silent };
    let flag = ["ok", "success"].iter().find_map(|name| fields.get(*name)?.as_bool());
    match flag {
        Some(true) => AckVerdict::Yes,
        Some(false) => AckVerdict::No,
        None if fields.contains_key("error") || fields.contains_key("code") => AckVerdict::No,
        None if fields.contains_key("project_id") => AckVerdict::Yes,
        None => AckVerdict::Silent,
    }
}

/// The arguments of an acknowledgement as one JSON value: `null`, the only one, or an array.
pub(crate) fn ack_value(arguments: &str) -> Result<String, serde_json::Error> {
    let list = format!("[{arguments}]");
    let values: Vec<&RawValue> = serde_json::from_str(&list)?;
    Ok(match values.as_slice() {
        [] => "null".to_owned(),
        [one] => one.get().to_owned(),
        _ => list,
    })
}
