//! Decoder from the text of an event to its type.

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{
    Event, MalformedEvent, Meta, ModerationUpdate, Origin, ProjectId, RawJson, RuleUpdate, ServerError, StatsUpdate,
    SystemNotification, UnknownEvent, UserActivity, scan::Scanner,
};

/// Origin and arrival time of an event: the part of [`Meta`] that is known before its payload is decoded.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    /// Origin of the event.
    pub origin: Origin,
    /// Time of arrival.
    pub at: jiff::Timestamp,
}

/// Decodes an event from its name and the JSON text of its arguments. The text has commas between the arguments and no
/// brackets around them; only the first argument counts. Never fails: an invalid event becomes a [`MalformedEvent`], an
/// unknown event an [`UnknownEvent`].
#[must_use]
pub fn decode(name: &str, arguments: &str, received: Received) -> Event {
    let mut reading = Reading::new(arguments, received);
    let result = match name {
        "moderation_update" => ModerationUpdate::read(&mut reading),
        "stats_update" => StatsUpdate::read(&mut reading).map(Event::StatsUpdate),
        "rule_update" => RuleUpdate::read(&mut reading).map(Event::RuleUpdate),
        "system_notification" => SystemNotification::read(&mut reading).map(Event::SystemNotification),
        "user_activity" => UserActivity::read(&mut reading).map(Event::UserActivity),
        "error" => ServerError::read(&mut reading, None).map(Event::ServerError),
        "authentication_failed" => {
            ServerError::read(&mut reading, Some("authentication_failed")).map(Event::ServerError)
        }
        "project_access_denied" => ServerError::read(&mut reading, Some("access_denied")).map(Event::ServerError),
        _ => unknown(name, &mut reading),
    };
    match result {
        Ok(event) => event,
        Err(reason) => malformed(name, arguments, reason, received),
    }
}

fn unknown(name: &str, reading: &mut Reading<'_>) -> Result<Event, String> {
    let data = if reading.text.is_empty() {
        RawJson::new("null")
    } else {
        reading.parse::<&RawValue>()?;
        reading.payload().clone()
    };
    let ids = Ids::find(data.as_str());
    let meta = reading.meta(ids.project_id, ids.event_id);
    Ok(Event::UnknownEvent(UnknownEvent { name: name.to_owned(), data, attachments: Vec::new(), meta }))
}

/// Builds the event for text that could not be decoded.
pub(crate) fn malformed(name: &str, arguments: &str, reason: String, received: Received) -> Event {
    // The ids are often readable even if another field is not. Without them the event would look like a hole in the
    // log.
    let ids = Ids::find(arguments);
    let data = RawJson::new(arguments);
    let mut meta = Meta::new(received.origin, received.at);
    meta.project_id = ids.project_id.filter(|id| !id.is_empty());
    meta.event_id = ids.event_id;
    meta.payload = Some(data.clone());
    Event::MalformedEvent(MalformedEvent { name: name.to_owned(), data, reason, meta })
}

/// Ids from a payload of any shape.
#[derive(Default)]
struct Ids {
    project_id: Option<ProjectId>,
    event_id: Option<u64>,
}

super::fields::payload! { IdsPayload<'de> {} }

impl Ids {
    fn find(text: &str) -> Self {
        let first = serde_json::Deserializer::from_str(text).into_iter::<IdsPayload<'_>>().next();
        match first {
            Some(Ok(payload)) => Self { project_id: payload.project_id, event_id: payload.event_id },
            _ => Self::default(),
        }
    }
}

/// First argument of an event, and how it arrived.
pub(super) struct Reading<'t> {
    text: &'t str,
    received: Received,
    payload: Option<RawJson>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(text: &'t str, received: Received) -> Self {
        Self { text, received, payload: None }
    }

    /// Parses the first argument. Only another argument may follow it.
    pub(super) fn parse<T: Deserialize<'t>>(&mut self) -> Result<T, String> {
        self.parse_with(PhantomData)
    }

    /// Like [`parse`](Self::parse), but into an existing struct.
    pub(super) fn parse_into<W>(&mut self, payload: &mut W) -> Result<(), String>
    where
        W: Default,
        for<'a> &'a mut W: DeserializeSeed<'t, Value = ()>,
    {
        let mut scanner = Scanner::new(self.text);
        if payload.deserialize(&mut scanner).is_ok() && self.take(scanner.position()).is_ok() {
            return Ok(());
        }
        *payload = W::default();
        self.parse_with(payload)
    }

    fn parse_with<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, String> {
        if self.text.is_empty() {
            return Err("the event has no data".to_owned());
        }
        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        let value = seed.deserialize(&mut deserializer).map_err(|error| reason(&error))?;
        self.take(deserializer.into_iter::<IgnoredAny>().byte_offset())?;
        Ok(value)
    }

    /// Marks the end of the first argument.
    fn take(&mut self, end: usize) -> Result<(), String> {
        let rest = self.text[end..].trim_start();
        if !(rest.is_empty() || rest.starts_with(',')) {
            return Err("unexpected text after the data".to_owned());
        }
        self.payload = Some(RawJson::new(&self.text[..end]));
        Ok(())
    }

    fn payload(&mut self) -> &RawJson {
        self.payload.get_or_insert_with(|| RawJson::new("null"))
    }

    /// Returns the shared slice of the payload for `piece`, which must borrow from the text.
    pub(super) fn piece(&mut self, piece: &str) -> RawJson {
        let start = (piece.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        self.payload().slice(start..start.saturating_add(piece.len()))
    }

    /// Metadata of the event, with the ids from its payload.
    pub(super) fn meta(&mut self, project_id: Option<ProjectId>, event_id: Option<u64>) -> Meta {
        let mut meta = Meta::new(self.received.origin, self.received.at);
        meta.project_id = project_id.filter(|id| !id.is_empty());
        meta.event_id = event_id;
        meta.payload = self.payload.clone();
        meta
    }
}

/// Message of serde_json without line and column, which mean nothing for a frame.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
