//! Decoder that converts the text of an event into an [`Event`].

use std::marker::PhantomData;

use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{
    Event, MalformedEvent, Meta, ModerationUpdate, Origin, ProjectId, RawJson, RuleUpdate, ServerError, StatsUpdate,
    SystemNotification, UnknownEvent, UserActivity, fast_json::FastObjectDeserializer,
};

/// Origin and arrival time of an event: the part of [`Meta`] that is known before the payload is decoded.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Path by which the event arrived.
    pub origin: Origin,
    /// Time at which the event arrived.
    pub at: jiff::Timestamp,
}

/// Decodes an event from its name and the JSON text of its arguments.
///
/// The arguments are separated by commas and not enclosed in brackets. All arguments except the first are ignored.
/// Decoding never fails: an invalid event becomes a [`MalformedEvent`], and an event with an unknown name becomes an
/// [`UnknownEvent`].
#[must_use]
pub fn decode(name: &str, arguments: &str, received: Arrival) -> Event {
    let mut reader = PayloadReader::new(arguments, received);
    let result = match name {
        "moderation_update" => ModerationUpdate::read(&mut reader),
        "stats_update" => StatsUpdate::read(&mut reader).map(Event::StatsUpdate),
        "rule_update" => RuleUpdate::read(&mut reader).map(Event::RuleUpdate),
        "system_notification" => SystemNotification::read(&mut reader).map(Event::SystemNotification),
        "user_activity" => UserActivity::read(&mut reader).map(Event::UserActivity),
        "error" => ServerError::read(&mut reader, None).map(Event::ServerError),
        "authentication_failed" => {
            ServerError::read(&mut reader, Some("authentication_failed")).map(Event::ServerError)
        }
        "project_access_denied" => ServerError::read(&mut reader, Some("access_denied")).map(Event::ServerError),
        _ => decode_unknown(name, &mut reader),
    };
    match result {
        Ok(event) => event,
        Err(reason) => malformed_event(name, arguments, reason, received),
    }
}

fn decode_unknown(name: &str, reader: &mut PayloadReader<'_>) -> Result<Event, String> {
    let data = if reader.text.is_empty() {
        RawJson::new("null")
    } else {
        reader.parse::<&RawValue>()?;
        reader.payload().clone()
    };
    let ids = PayloadIds::extract(data.as_str());
    let meta = reader.meta(ids.project_id, ids.event_id);
    Ok(Event::UnknownEvent(UnknownEvent { name: name.to_owned(), data, attachments: Vec::new(), meta }))
}

/// Returns a [`MalformedEvent`] for text that could not be decoded.
pub(crate) fn malformed_event(name: &str, arguments: &str, reason: String, received: Arrival) -> Event {
    // The ids are often readable even if another field is invalid. Without its id, the event would appear to be
    // missing from the log.
    let ids = PayloadIds::extract(arguments);
    let data = RawJson::new(arguments);
    let mut meta = Meta::new(received.origin, received.at);
    meta.project_id = ids.project_id.filter(|id| !id.is_empty());
    meta.event_id = ids.event_id;
    meta.payload = Some(data.clone());
    Event::MalformedEvent(MalformedEvent { name: name.to_owned(), data, reason, meta })
}

/// Project id and event id found in a payload of any shape.
#[derive(Default)]
struct PayloadIds {
    project_id: Option<ProjectId>,
    event_id: Option<u64>,
}

super::payload_fields::payload! { IdFields<'de> {} }

impl PayloadIds {
    fn extract(text: &str) -> Self {
        let first = serde_json::Deserializer::from_str(text).into_iter::<IdFields<'_>>().next();
        match first {
            Some(Ok(payload)) => Self { project_id: payload.project_id, event_id: payload.event_id },
            _ => Self::default(),
        }
    }
}

/// Reader of an event's first argument, together with the origin and arrival time of the event.
pub(super) struct PayloadReader<'t> {
    text: &'t str,
    received: Arrival,
    payload: Option<RawJson>,
}

impl<'t> PayloadReader<'t> {
    pub(super) fn new(text: &'t str, received: Arrival) -> Self {
        Self { text, received, payload: None }
    }

    /// Parses the first argument. Fails if it is missing or invalid, or if anything but another argument follows it.
    pub(super) fn parse<T: Deserialize<'t>>(&mut self) -> Result<T, String> {
        self.parse_with(PhantomData)
    }

    /// Parses the first argument into an existing struct. Fails under the same conditions as [`parse`](Self::parse).
    pub(super) fn parse_into<W>(&mut self, payload: &mut W) -> Result<(), String>
    where
        W: Default,
        for<'a> &'a mut W: DeserializeSeed<'t, Value = ()>,
    {
        let mut deserializer = FastObjectDeserializer::new(self.text);
        if payload.deserialize(&mut deserializer).is_ok() && self.end_payload_at(deserializer.position()).is_ok() {
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
        let value = seed.deserialize(&mut deserializer).map_err(|error| message_without_position(&error))?;
        self.end_payload_at(deserializer.into_iter::<IgnoredAny>().byte_offset())?;
        Ok(value)
    }

    /// Records that the first argument ends at byte `end`. Fails if anything but another argument follows.
    fn end_payload_at(&mut self, end: usize) -> Result<(), String> {
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

    /// Converts `slice`, which must borrow from the event's text, into a slice that shares the payload's allocation.
    pub(super) fn shared_slice(&mut self, slice: &str) -> RawJson {
        let start = (slice.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        self.payload().slice(start..start.saturating_add(slice.len()))
    }

    /// Returns the metadata of an event whose payload contains these ids.
    pub(super) fn meta(&mut self, project_id: Option<ProjectId>, event_id: Option<u64>) -> Meta {
        let mut meta = Meta::new(self.received.origin, self.received.at);
        meta.project_id = project_id.filter(|id| !id.is_empty());
        meta.event_id = event_id;
        meta.payload = self.payload.clone();
        meta
    }
}

/// Returns serde_json's message without the line and column, which are meaningless for a frame.
fn message_without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
