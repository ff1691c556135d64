//! Reading. The decoders of server payloads do most of the work, because both forms have the documented fields in the
//! same places.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

use crate::events::{
    Activity, Cursor, Event, EventKind, Extra, Gap, GapReason, Lagged, MalformedEvent, Meta, ModerationUpdate, Origin,
    ProjectId, RawJson, Received, Rule, RuleUpdate, ServerError, StatsUpdate, SystemNotification, UnknownEvent,
    UserActivity, activity::LenientActivity, decode::Reading, rule::LenientRule,
};

/// Fields common to all events.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    meta: Meta,
}

#[derive(Deserialize)]
struct MetaForm<'a> {
    project_id: Option<ProjectId>,
    event_id: Option<u64>,
    origin: Origin,
    #[serde(borrow)]
    received_at: Cow<'a, str>,
    cursor: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct UnknownForm<'a> {
    name: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MalformedForm {
    name: String,
    data: String,
    reason: String,
}

#[derive(Deserialize)]
struct GapForm {
    project_id: ProjectId,
    reason: GapReason,
    missed: Option<u64>,
}

#[derive(Deserialize)]
struct LaggedForm {
    missed: u64,
}

/// Parses an event. If a kind is given, the event must be of this kind.
pub(super) fn event(text: &str, kind: Option<&str>) -> Result<Event, String> {
    let Head { event: name, meta } = parse(text)?;
    let kind = match (kind, name) {
        (None, Some(name)) => name,
        (None, None) => return Err("event is missing".to_owned()),
        (Some(kind), Some(name)) if kind != name => return Err(format!("it is a {name}, not a {kind}")),
        (Some(kind), _) => kind.into(),
    };
    let received = Received { origin: meta.origin, at: meta.received_at };
    let mut reading = Reading::new(text, received);
    let mut event = match &*kind {
        "moderation_update" => ModerationUpdate::read(&mut reading)?,
        "stats_update" => StatsUpdate::read(&mut reading)?.into(),
        "rule_update" => RuleUpdate::read(&mut reading)?.into(),
        "system_notification" => SystemNotification::read(&mut reading)?.into(),
        "user_activity" => UserActivity::read(&mut reading)?.into(),
        "server_error" => ServerError::read(&mut reading, None)?.into(),
        "unknown_event" => {
            let UnknownForm { name, data } = parse(text)?;
            let data = RawJson::new(data.map_or("null", RawValue::get));
            UnknownEvent { name, data, attachments: Vec::new(), meta: meta.clone() }.into()
        }
        "malformed_event" => {
            let MalformedForm { name, data, reason } = parse(text)?;
            MalformedEvent { name, data: RawJson::new(&data), reason, meta: meta.clone() }.into()
        }
        "gap" => {
            let GapForm { project_id, reason, missed } = parse(text)?;
            Gap { project_id, reason, missed, meta: meta.clone() }.into()
        }
        "lagged" => Lagged::new(parse::<LaggedForm>(text)?.missed, meta.clone()).into(),
        other => return Err(format!("there is no kind of events named {other:?}")),
    };
    unnest_extras(&mut event);
    *event.meta_mut() = meta;
    Ok(event)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Moves undocumented fields out of the nested `extra` objects.
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

/// Replaces the fields by those of the object nested in them as `extra`.
fn unnest_extra(extra: &mut Extra) {
    *extra = match extra.remove("extra") {
        Some(Value::Object(fields)) => fields,
        _ => Extra::new(),
    };
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = MetaForm::deserialize(deserializer)?;
        let received_at = form.received_at.parse().map_err(D::Error::custom)?;
        let cursor: Option<Cursor> = form.cursor.and_then(|text| text.parse().ok());
        let mut meta = Self::new(form.origin, received_at);
        (meta.project_id, meta.event_id) = (form.project_id, form.event_id);
        meta.log = cursor.and_then(|cursor| cursor.log);
        Ok(meta)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let LenientRule(mut rule) = LenientRule::deserialize(deserializer)?;
        unnest_extra(&mut rule.extra);
        Ok(rule)
    }
}

impl<'de> Deserialize<'de> for Activity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let LenientActivity(mut activity) = LenientActivity::deserialize(deserializer)?;
        unnest_extra(&mut activity.extra);
        Ok(activity)
    }
}

macro_rules! kinds {
    ($($kind:ident)*) => {
        $(
            /// Deserialized from the form of [`Event::to_json`], with or without `event`. Works only with serde_json.
            impl<'de> Deserialize<'de> for $kind {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = Box::<RawValue>::deserialize(deserializer)?;
                    let event = event(text.get(), Self::KIND.name()).map_err(D::Error::custom)?;
                    Self::from_event(event).map_err(|_| D::Error::custom("the event is of another kind"))
                }
            }
        )*
    };
}

kinds! {
    ModerationUpdate StatsUpdate RuleUpdate SystemNotification UserActivity ServerError UnknownEvent MalformedEvent Gap
    Lagged
}
