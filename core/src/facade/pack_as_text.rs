//! Conversion of events to text and back, for pickling and for transfer to other processes.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::IntoDeserializer};

use crate::{
    Error, Event, Gap, GapReason, Lagged, MalformedEvent, Meta, Origin, ProjectId, RawJson,
    events::{Arrival, decode},
};

/// Serialized form of an event. The optional fields are set only for kinds of events that the payload in `meta` alone
/// can't restore.
#[derive(Serialize, Deserialize)]
struct PackedEvent {
    kind: String,
    meta: PackedMeta,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    /// Reason for a gap or for a failure to decode the event, or the code of a server error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct PackedMeta {
    project_id: Option<String>,
    event_id: Option<u64>,
    origin: Origin,
    received_at: String,
    log: Option<String>,
    payload: Option<String>,
}

impl From<&Meta> for PackedMeta {
    fn from(meta: &Meta) -> Self {
        Self {
            project_id: meta.project_id.as_deref().map(str::to_owned),
            event_id: meta.event_id,
            origin: meta.origin,
            received_at: meta.received_at.to_string(),
            log: meta.log.as_deref().map(str::to_owned),
            payload: meta.payload.as_ref().map(|payload| payload.as_str().to_owned()),
        }
    }
}

impl PackedMeta {
    fn unpack(self) -> Result<Meta, Error> {
        let at = self.received_at.parse().map_err(|_| invalid_text_error())?;
        let mut meta = Meta::new(self.origin, at);
        meta.project_id = self.project_id.map(ProjectId::from);
        meta.event_id = self.event_id;
        meta.log = self.log.map(Arc::from);
        meta.payload = self.payload.as_deref().map(RawJson::new);
        Ok(meta)
    }
}

/// Serializes an event. Only [`unpack_event`] from the same SDK version can restore it.
#[must_use]
pub fn pack_event(event: &Event) -> String {
    let mut packed = PackedEvent {
        kind: event.name().to_owned(),
        meta: event.meta().into(),
        name: None,
        data: None,
        reason: None,
        missed: None,
        attachments: Vec::new(),
    };
    match event {
        Event::UnknownEvent(event) => {
            packed.name = Some(event.name.clone());
            packed.data = Some(event.data.as_str().to_owned());
            packed.attachments.clone_from(&event.attachments);
        }
        Event::MalformedEvent(event) => {
            packed.name = Some(event.name.clone());
            packed.data = Some(event.data.as_str().to_owned());
            packed.reason = Some(event.reason.clone());
        }
        Event::ServerError(event) => packed.reason.clone_from(&event.code),
        Event::Gap(gap) => {
            packed.reason = Some(gap.reason.as_str().to_owned());
            packed.missed = gap.missed;
        }
        Event::Lagged(lagged) => packed.missed = Some(lagged.missed),
        _ => {}
    }
    serde_json::to_string(&packed).unwrap_or_default()
}

/// Restores an event serialized by [`pack_event`].
///
/// # Errors
/// Returns `invalid_argument` if the text is not in the format of this SDK version's [`pack_event`], or if it lacks the
/// payload from which the event must be restored.
pub fn unpack_event(text: &str) -> Result<Event, Error> {
    let packed: PackedEvent = serde_json::from_str(text).map_err(|_| invalid_text_error())?;
    let meta = packed.meta.unpack()?;
    let reason = packed.reason.unwrap_or_default();
    Ok(match packed.kind.as_str() {
        "gap" => {
            let project = meta.project_id.clone().ok_or_else(invalid_text_error)?;
            Gap::new(project, parse_gap_reason(&reason)?, packed.missed, meta).into()
        }
        "lagged" => Lagged::new(packed.missed.unwrap_or_default(), meta).into(),
        "malformed_event" => {
            let data = RawJson::new(&packed.data.unwrap_or_default());
            MalformedEvent { name: packed.name.unwrap_or_default(), data, reason, meta }.into()
        }
        kind => {
            let name = match (kind, reason.as_str(), &packed.name) {
                ("unknown_event", _, Some(name)) => name,
                ("server_error", "authentication_failed", _) => "authentication_failed",
                ("server_error", "access_denied", _) => "project_access_denied",
                ("server_error", _, _) => "error",
                (kind, _, _) => kind,
            };
            let received = Arrival { origin: meta.origin, at: meta.received_at };
            let data = packed.data.as_deref().or(meta.payload.as_ref().map(RawJson::as_str)).unwrap_or_default();
            let mut event = decode(name, data, received);
            if event.name() != kind {
                return Err(invalid_text_error());
            }
            if let Event::UnknownEvent(event) = &mut event {
                event.attachments = packed.attachments;
            }
            if let Event::ModerationUpdate(event) = &mut event {
                event.project_id.clone_from(&event.meta.project_id);
            }
            *event.meta_mut() = meta;
            event
        }
    })
}

/// Serializes metadata. Only [`unpack_meta`] from the same SDK version can restore it.
#[must_use]
pub fn pack_meta(meta: &Meta) -> String {
    serde_json::to_string(&PackedMeta::from(meta)).unwrap_or_default()
}

/// Restores metadata serialized by [`pack_meta`].
///
/// # Errors
/// Returns `invalid_argument` if the text is not in the format of this SDK version's [`pack_meta`].
pub fn unpack_meta(text: &str) -> Result<Meta, Error> {
    serde_json::from_str::<PackedMeta>(text).map_err(|_| invalid_text_error())?.unpack()
}

fn parse_gap_reason(word: &str) -> Result<GapReason, Error> {
    GapReason::deserialize(word.into_deserializer()).map_err(|_: serde::de::value::Error| invalid_text_error())
}

fn invalid_text_error() -> Error {
    Error::invalid_argument("text: not an event packed by this version of the SDK")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacking_restores_events_and_metadata() {
        let received = Arrival { origin: Origin::Replay, at: jiff::Timestamp::now() };
        let mut all: Vec<Event> = [
            ("moderation_update", r#"{"content_id":"c","status":"odd","meta_data":{"a":[1]},"event_id":4,"more":1}"#),
            ("stats_update", r#"{"total":3}"#),
            ("rule_update", r#"{"action":"created","rule":{"id":1,"name":"n"}}"#),
            ("system_notification", r#"{"type":"info","message":"m"}"#),
            ("user_activity", r#"{"user_id":7}"#),
            ("error", r#"{"message":"m","code":"c"}"#),
            ("error", r#""text""#),
            ("authentication_failed", r#"{"message":"m"}"#),
            ("project_access_denied", r#"{"message":"m"}"#),
            ("news", r#"{"x":1}"#),
            ("bare", ""),
            ("moderation_update", r#"{"content_id":1"#),
        ]
        .map(|(name, data)| decode(name, data, received))
        .into();
        let meta = || Meta::new(Origin::Live, jiff::Timestamp::now());
        all.push(Gap::new("p".into(), GapReason::Expired, Some(3), meta()).into());
        all.push(Lagged::new(9, meta()).into());
        for mut event in all {
            event.meta_mut().log = Some("log".into());
            assert_eq!(unpack_event(&pack_event(&event)).ok().as_ref(), Some(&event));
            assert_eq!(unpack_meta(&pack_meta(event.meta())).ok().as_ref(), Some(event.meta()));
        }
        assert_eq!(unpack_event("{}").unwrap_err().code(), "invalid_argument");
    }
}
