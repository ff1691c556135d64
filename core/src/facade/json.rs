//! Events as JSON, for languages whose JSON parser beats crossing the border field by field.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, value::RawValue};

use crate::{Activity, Event, Extra, Meta, ModerationUpdate, RawJson, RecentActivity, Rule, Timestamp};

/// The event as a JSON object: `event`, the documented fields, `extra` where there is any, and `meta`.
///
/// Whatever shape the server sent, the fields are the documented ones, and timestamps end in `Z`; a timestamp that is
/// none stays as it came.
#[must_use]
pub fn event_to_json(event: &Event) -> String {
    text(&Written { event, name: event.name(), raw: true })
}

/// What [`event_to_json`] writes, as a tree of values. Data that is nested too deeply for a tree is `null`.
#[must_use]
pub fn event_to_value(event: &Event) -> Value {
    serde_json::to_value(Written { event, name: event.name(), raw: true })
        .or_else(|_| serde_json::to_value(Written { event, name: event.name(), raw: false }))
        .unwrap_or_default()
}

/// Writing into memory does not fail.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// An event as it is written; without the pieces of its payload's text if not `raw`.
pub(super) struct Written<'a> {
    pub(super) event: &'a Event,
    pub(super) name: &'static str,
    pub(super) raw: bool,
}

/// Writes the fields of an object, each as its name and an expression.
macro_rules! fields {
    ($map:expr, $($name:literal => $value:expr),+ $(,)?) => {
        $($map.serialize_entry($name, &$value)?;)+
    };
}

/// The documented fields.
pub(super) fn update_fields<M: SerializeMap>(map: &mut M, e: &ModerationUpdate, raw: bool) -> Result<(), M::Error> {
    fields!(map,
        "content_id" => e.content_id, "project_id" => e.project_id.as_deref(),
        "status" => e.status.as_str(),
        "content_type" => e.content_type.as_ref().map(|word| word.as_str()),
        "content_preview" => e.content_preview, "meta_data" => written(e.meta_data.as_ref(), raw),
        "results_count" => e.results_count, "processing_time" => e.processing_time,
        "moderator_type" => e.moderator_type.as_ref().map(|word| word.as_str()),
        "moderator_name" => e.moderator_name, "rule_name" => e.rule_name, "timestamp" => Time(&e.timestamp),
    );
    Ok(())
}

/// All of a meta but its project; `at`: when the event was received.
pub(super) fn place_fields<M: SerializeMap>(map: &mut M, meta: &Meta, at: &impl Serialize) -> Result<(), M::Error> {
    fields!(map,
        "event_id" => meta.event_id, "origin" => meta.origin.as_str(), "received_at" => at,
        "cursor" => meta.cursor().as_ref().map(Shown),
    );
    Ok(())
}

/// A piece of a payload's text.
fn written(piece: Option<&RawJson>, raw: bool) -> Option<&RawValue> {
    piece.filter(|_| raw).and_then(|piece| serde_json::from_str(piece.as_str()).ok())
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name)?;
        let extra = match self.event {
            Event::ModerationUpdate(e) => {
                update_fields(&mut map, e, self.raw)?;
                Some(&e.extra)
            }
            Event::StatsUpdate(e) => {
                fields!(map,
                    "total_content" => e.total_content, "approved" => e.approved, "rejected" => e.rejected,
                    "flagged" => e.flagged, "pending" => e.pending, "approval_rate" => e.approval_rate,
                    "rejection_rate" => e.rejection_rate, "flag_rate" => e.flag_rate,
                    "recent_activity" => Each(&e.recent_activity),
                );
                Some(&e.extra)
            }
            Event::RuleUpdate(e) => {
                fields!(map, "action" => e.action.as_str(), "rule" => Part(&e.rule), "timestamp" => Time(&e.timestamp));
                Some(&e.extra)
            }
            Event::SystemNotification(e) => {
                fields!(map,
                    "type" => e.notification_type.as_str(), "message" => e.message, "timestamp" => Time(&e.timestamp),
                    "persistent" => e.persistent,
                );
                Some(&e.extra)
            }
            Event::UserActivity(e) => {
                fields!(map,
                    "user_id" => e.user_id, "activity" => Part(&e.activity), "triggered_by" => e.triggered_by,
                    "timestamp" => Time(&e.timestamp),
                );
                Some(&e.extra)
            }
            Event::ServerError(e) => {
                fields!(map, "message" => e.message, "code" => e.code);
                Some(&e.extra)
            }
            Event::UnknownEvent(e) => {
                fields!(map, "name" => e.name, "data" => written(Some(&e.data), self.raw));
                None
            }
            Event::MalformedEvent(e) => {
                fields!(map, "name" => e.name, "data" => e.data.as_str(), "reason" => e.reason);
                None
            }
            Event::Gap(e) => {
                fields!(map, "project_id" => *e.project_id, "reason" => e.reason.as_str(), "missed" => e.missed);
                None
            }
            Event::Lagged(e) => {
                fields!(map, "missed" => e.missed);
                None
            }
        };
        write_extra(&mut map, extra)?;
        map.serialize_entry("meta", &Part(self.event.meta()))?;
        map.end()
    }
}

fn write_extra<M: SerializeMap>(map: &mut M, extra: Option<&Extra>) -> Result<(), M::Error> {
    match extra.filter(|extra| !extra.is_empty()) {
        Some(extra) => map.serialize_entry("extra", extra),
        None => Ok(()),
    }
}

struct Time<'a>(&'a Timestamp);

impl Serialize for Time<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_str();
        let instant = if is_written_so(text.as_bytes()) { None } else { self.0.instant() };
        match instant {
            Some(instant) => serializer.collect_str(&instant),
            None => serializer.serialize_str(text),
        }
    }
}

/// Whether this is an instant, such as `2024-01-15T10:30:00Z`, as it would be written: most need not be read.
fn is_written_so(text: &[u8]) -> bool {
    let digits = |at: std::ops::Range<usize>| {
        let digits = text[at].iter().map(|byte| byte.wrapping_sub(b'0'));
        digits.fold(0_u16, |sum, digit| if digit > 9 { u16::MAX / 2 } else { (sum % 10_000) * 10 + u16::from(digit) })
    };
    // Shorter months are left to those who know the calendar.
    text.len() == 20
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')].iter().all(|(at, c)| text[*at] == *c)
        && digits(0..4) <= 9999
        && (1..=12).contains(&digits(5..7))
        && (1..=28).contains(&digits(8..10))
        && digits(11..13) <= 23
        && digits(14..16) <= 59
        && digits(17..19) <= 59
}

/// A part of an event.
struct Part<'a, T>(&'a T);

struct Each<'a, T>(&'a [T]);

impl<'a, T> Serialize for Each<'a, T>
where
    Part<'a, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Part))
    }
}

impl Serialize for Part<'_, Meta> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(meta) = self;
        let mut map = serializer.serialize_map(None)?;
        fields!(map, "project_id" => meta.project_id.as_deref());
        place_fields(&mut map, meta, &Shown(&meta.received_at))?;
        map.end()
    }
}

impl Serialize for Part<'_, RecentActivity> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(one) = self;
        let mut map = serializer.serialize_map(None)?;
        fields!(map,
            "content_id" => one.content_id, "decision" => one.decision.as_str(), "timestamp" => Time(&one.timestamp),
        );
        map.end()
    }
}

impl Serialize for Part<'_, Rule> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(rule) = self;
        let mut map = serializer.serialize_map(None)?;
        fields!(map,
            "id" => rule.id, "name" => rule.name, "type" => rule.rule_type.as_ref().map(|word| word.as_str()),
            "is_active" => rule.is_active, "priority" => rule.priority,
            "action" => rule.action.as_ref().map(|word| word.as_str()),
        );
        write_extra(&mut map, Some(&rule.extra))?;
        map.end()
    }
}

impl Serialize for Part<'_, Activity> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(activity) = self;
        let mut map = serializer.serialize_map(None)?;
        fields!(map,
            "total_submissions" => activity.total_submissions, "recent_violations" => activity.recent_violations,
            "approval_rate" => activity.approval_rate, "risk_score" => activity.risk_score,
        );
        write_extra(&mut map, Some(&activity.extra))?;
        map.end()
    }
}

/// Whatever can be shown, as a string.
pub(super) struct Shown<'a, T>(pub(super) &'a T);

impl<T: std::fmt::Display> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Origin,
        events::{Received, decode},
    };

    fn read(name: &str, data: &str) -> Event {
        decode(name, data, Received { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH })
    }

    #[test]
    fn the_text_and_the_tree_say_the_same() {
        let update = r#"{"content_id":"c","status":"odd","meta_data":{"a": [1, "\u00e9"]},"event_id":4,"more":1,
            "timestamp":"2026-11-22T12:39:46.406078"}"#;
        let all = [
            read("moderation_update", update),
            read("stats_update", r#"{"total":3,"recent_activity":[{"content_id":"c","decision":"approved"}]}"#),
            read("rule_update", r#"{"action":"created","rule":{"id":1,"name":"n","description":"d"}}"#),
            read("user_activity", r#"{"user_id":7,"activity":{"risk_score":1.5,"more":2}}"#),
            read("news", r#"{"x":1}"#),
            read("stats_update", "{"),
        ];
        for event in &all {
            assert_eq!(serde_json::from_str::<Value>(&event_to_json(event)).unwrap(), event_to_value(event));
        }
        let first = event_to_value(&all[0]);
        assert_eq!(first["timestamp"], "2026-11-22T12:39:46.406078Z");
        assert_eq!(first["meta_data"]["a"][1], "é");
    }

    #[test]
    fn only_what_would_be_written_so_is_left_as_it_is() {
        for text in ["2024-01-15T10:30:00Z", "0001-12-28T23:59:59Z", "9999-02-01T00:00:00Z"] {
            assert!(is_written_so(text.as_bytes()), "{text}");
            assert_eq!(Timestamp::from(text).to_rfc3339().as_deref(), Some(text));
        }
        for text in [
            "2024-01-15T10:30:00.5Z",
            "2024-02-30T10:30:00Z",
            "2024-13-01T10:30:00Z",
            "2024-00-01T10:30:00Z",
            "2024-01-00T10:30:00Z",
            "2024-01-01T24:30:00Z",
            "2024-01-01T10:60:00Z",
            "2024-01-01T10:30:60Z",
            "2024-01-01 10:30:00Z",
            "2024-01-01t10:30:00z",
            "2024-01-01T1a:30:00Z",
            "20a4-01-01T10:30:00Z",
            "2024-01-01T10:3:000Z",
            "2024-01-15T10:30:00",
            "",
        ] {
            assert!(!is_written_so(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn deep_data_is_written_and_left_out_of_the_tree() {
        let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
        let event = read("moderation_update", &format!(r#"{{"content_id":"c","status":"s","meta_data":{deep}}}"#));
        assert_eq!(event.name(), "moderation_update");
        assert!(event_to_json(&event).contains(&deep));
        let deeper = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let event = read("news", &deeper);
        assert_eq!(event.name(), "unknown_event");
        assert!(event_to_json(&event).contains(&deeper));
        let tree = event_to_value(&event);
        assert_eq!((tree["name"].as_str(), &tree["data"]), (Some("news"), &Value::Null));
    }
}
