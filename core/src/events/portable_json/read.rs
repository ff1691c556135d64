//! Parser for events in JSON form. The decoders of server payloads decode most fields, because the JSON form and the
//! payloads have the documented fields in the same places.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

use crate::events::{
    Activity, Arrival, Cursor, Event, EventKind, Extra, Gap, GapReason, Lagged, MalformedEvent, Meta, ModerationUpdate,
    Origin, ProjectId, RawJson, Rule, RuleUpdate, ServerError, StatsUpdate, SystemNotification, UnknownEvent,
    UserActivity, activity::ActivityFromServer, decode::PayloadReader, rule::RuleFromServer,
};

/// Fields that are common to all events.
#[derive(Deserialize)]
struct CommonFields<'a> {
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    meta: Meta,
}

#[derive(Deserialize)]
struct MetaFields<'a> {
    project_id: Option<ProjectId>,
    event_id: Option<u64>,
    origin: Origin,
    #[serde(borrow)]
    received_at: Cow<'a, str>,
    cursor: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct UnknownEventFields<'a> {
    name: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MalformedEventFields {
    name: String,
    data: String,
    reason: String,
}

#[derive(Deserialize)]
struct GapFields {
    project_id: ProjectId,
    reason: GapReason,
    missed: Option<u64>,
}

#[derive(Deserialize)]
struct LaggedFields {
    missed: u64,
}

/// Parses an event. `kind` is required if the field `event` is missing; if both are present, they must agree.
pub(super) fn parse_event(text: &str, kind: Option<&str>) -> Result<Event, String> {
    let CommonFields { event: name, meta } = parse(text)?;
    let kind = match (kind, name) {
        (None, Some(name)) => name,
        (None, None) => return Err("event is missing".to_owned()),
        (Some(kind), Some(name)) if kind != name => return Err(format!("the event is of kind {name}, not {kind}")),
        (Some(kind), _) => kind.into(),
    };
    let received = Arrival { origin: meta.origin, at: meta.received_at };
    let mut reader = PayloadReader::new(text, received);
    let mut event = match &*kind {
        "moderation_update" => ModerationUpdate::read(&mut reader)?,
        "stats_update" => StatsUpdate::read(&mut reader)?.into(),
        "rule_update" => RuleUpdate::read(&mut reader)?.into(),
        "system_notification" => SystemNotification::read(&mut reader)?.into(),
        "user_activity" => UserActivity::read(&mut reader)?.into(),
        "server_error" => ServerError::read(&mut reader, None)?.into(),
        "unknown_event" => {
            let UnknownEventFields { name, data } = parse(text)?;
            let data = RawJson::new(data.map_or("null", RawValue::get));
            UnknownEvent { name, data, attachments: Vec::new(), meta: meta.clone() }.into()
        }
        "malformed_event" => {
            let MalformedEventFields { name, data, reason } = parse(text)?;
            MalformedEvent { name, data: RawJson::new(&data), reason, meta: meta.clone() }.into()
        }
        "gap" => {
            let GapFields { project_id, reason, missed } = parse(text)?;
            Gap { project_id, reason, missed, meta: meta.clone() }.into()
        }
        "lagged" => Lagged::new(parse::<LaggedFields>(text)?.missed, meta.clone()).into(),
        other => return Err(format!("unknown kind of event: {other:?}")),
    };
    unnest_extras(&mut event);
    *event.meta_mut() = meta;
    Ok(event)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Applies [`unnest_extra`] to the event and to the objects inside it.
fn unnest_extras(event: &mut Event) {
    match event {
        Event::ModerationUpdate(e) => unnest_extra(&mut e.extra),
        Event::StatsUpdate(e) => unnest_extra(&mut e.extra),
        Event::RuleUpdate(e) => {
            unnest_extra(&mut e.extra);
            unnest_extra(&mut e.rule.extra);
        }
        Event::SystemNotification(e) => unnest_extra(&mut e.extra),
        Event::UserActivity(e) => {
            unnest_extra(&mut e.extra);
            unnest_extra(&mut e.activity.extra);
        }
        Event::ServerError(e) => unnest_extra(&mut e.extra),
        Event::UnknownEvent(_) | Event::MalformedEvent(_) | Event::Gap(_) | Event::Lagged(_) => {}
    }
}

/// Replaces the map with the object that is nested in it as `extra`, or with an empty map if there is none. The payload
/// decoders nest that object, because they treat `extra` like any other undocumented field.
fn unnest_extra(extra: &mut Extra) {
    *extra = match extra.remove("extra") {
        Some(Value::Object(fields)) => fields,
        _ => Extra::new(),
    };
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = MetaFields::deserialize(deserializer)?;
        let received_at = fields.received_at.parse().map_err(D::Error::custom)?;
        let cursor: Option<Cursor> = fields.cursor.and_then(|text| text.parse().ok());
        let mut meta = Self::new(fields.origin, received_at);
        (meta.project_id, meta.event_id) = (fields.project_id, fields.event_id);
        meta.log = cursor.and_then(|cursor| cursor.log);
        Ok(meta)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let RuleFromServer(mut rule) = RuleFromServer::deserialize(deserializer)?;
        unnest_extra(&mut rule.extra);
        Ok(rule)
    }
}

impl<'de> Deserialize<'de> for Activity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ActivityFromServer(mut activity) = ActivityFromServer::deserialize(deserializer)?;
        unnest_extra(&mut activity.extra);
        Ok(activity)
    }
}

macro_rules! impl_deserialize {
    ($($kind:ident)*) => {
        $(
            /// Deserializes an event from the format of [`Event::to_json`], with or without the field `event`. Works
            /// only with serde_json, and not inside types that buffer their input (`untagged`, `tag` or `flatten`).
            impl<'de> Deserialize<'de> for $kind {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = Box::<RawValue>::deserialize(deserializer)?;
                    let event = parse_event(text.get(), Self::KIND.single_name()).map_err(D::Error::custom)?;
                    Self::from_event(event).map_err(|_| D::Error::custom("the event is of a different kind"))
                }
            }
        )*
    };
}

impl_deserialize! {
    ModerationUpdate StatsUpdate RuleUpdate SystemNotification UserActivity ServerError UnknownEvent MalformedEvent Gap
    Lagged
}
