//! Serialization of events. The fields of server events are written in the order in which the server's documentation
//! lists them.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::time::UtcTime;
use crate::events::{
    Activity, Event, Extra, Gap, Lagged, MalformedEvent, Meta, ModerationUpdate, RawJson, RecentActivity, Rule,
    RuleUpdate, ServerError, StatsUpdate, SystemNotification, UnknownEvent, UserActivity,
};

/// Event to be serialized in the same format as [`Event::to_json`], with options.
pub(crate) struct EventForm<'a> {
    pub(crate) event: &'a Event,
    /// Value of the field `event`.
    pub(crate) name: &'static str,
    /// True if `meta_data` and the `data` of unknown events are written. If false, they are `null`.
    pub(crate) includes_raw_json: bool,
}

/// Object whose fields can be written into a map.
trait WriteFields {
    /// Writes all fields. `meta_data` and the `data` of unknown events are `null` unless `raw` is set.
    fn write_fields<M: SerializeMap>(&self, map: &mut M, raw: bool) -> Result<(), M::Error>;
}

/// Writes fields of an object, each given as a name and an expression.
macro_rules! write_fields {
    ($map:expr, $($name:literal => $value:expr),+ $(,)?) => {
        $($map.serialize_entry($name, &$value)?;)+
    };
}

macro_rules! impl_serialize {
    ($($kind:ident = |$e:ident, $map:ident, $raw:ident| $write:block)*) => {
        $(
            impl WriteFields for $kind {
                fn write_fields<M: SerializeMap>(&self, $map: &mut M, $raw: bool) -> Result<(), M::Error> {
                    let $e = self;
                    let _ = $raw;
                    $write
                    Ok(())
                }
            }

            /// Serializes the value in the same format as [`Event::to_json`], but without the field `event`.
            impl Serialize for $kind {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut map = serializer.serialize_map(None)?;
                    self.write_fields(&mut map, true)?;
                    map.end()
                }
            }
        )*
    };
}

impl_serialize! {
    ModerationUpdate = |e, map, raw| {
        write_moderation_fields(map, e, raw)?;
        write_extra(map, &e.extra)?;
        write_fields!(map, "meta" => e.meta);
    }
    StatsUpdate = |e, map, raw| {
        write_fields!(map,
            "total_content" => e.total_content, "approved" => e.approved, "rejected" => e.rejected,
            "flagged" => e.flagged, "pending" => e.pending, "approval_rate" => e.approval_rate,
            "rejection_rate" => e.rejection_rate, "flag_rate" => e.flag_rate,
            "recent_activity" => e.recent_activity,
        );
        write_extra(map, &e.extra)?;
        write_fields!(map, "meta" => e.meta);
    }
    RuleUpdate = |e, map, raw| {
        write_fields!(map, "action" => e.action.as_str(), "rule" => e.rule, "timestamp" => UtcTime(&e.timestamp));
        write_extra(map, &e.extra)?;
        write_fields!(map, "meta" => e.meta);
    }
    SystemNotification = |e, map, raw| {
        write_fields!(map,
            "type" => e.notification_type.as_str(), "message" => e.message, "timestamp" => UtcTime(&e.timestamp),
            "persistent" => e.persistent,
        );
        write_extra(map, &e.extra)?;
        write_fields!(map, "meta" => e.meta);
    }
    UserActivity = |e, map, raw| {
        write_fields!(map,
            "user_id" => e.user_id, "activity" => e.activity, "triggered_by" => e.triggered_by,
            "timestamp" => UtcTime(&e.timestamp),
        );
        write_extra(map, &e.extra)?;
        write_fields!(map, "meta" => e.meta);
    }
    ServerError = |e, map, raw| {
        write_fields!(map, "message" => e.message, "code" => e.code);
        write_extra(map, &e.extra)?;
        write_fields!(map, "meta" => e.meta);
    }
    UnknownEvent = |e, map, raw| {
        write_fields!(map, "name" => e.name, "data" => raw_value(Some(&e.data), raw), "meta" => e.meta);
    }
    MalformedEvent = |e, map, raw| {
        write_fields!(map, "name" => e.name, "data" => e.data.as_str(), "reason" => e.reason, "meta" => e.meta);
    }
    Gap = |e, map, raw| {
        write_fields!(map, "project_id" => *e.project_id, "reason" => e.reason.as_str(), "missed" => e.missed, "meta" => e.meta);
    }
    Lagged = |e, map, raw| {
        write_fields!(map, "missed" => e.missed, "meta" => e.meta);
    }
    RecentActivity = |e, map, raw| {
        write_fields!(map, "content_id" => e.content_id, "decision" => e.decision.as_str(), "timestamp" => UtcTime(&e.timestamp));
    }
    Rule = |e, map, raw| {
        write_fields!(map,
            "id" => e.id, "name" => e.name, "type" => e.rule_type.as_ref().map(|word| word.as_str()),
            "is_active" => e.is_active, "priority" => e.priority,
            "action" => e.action.as_ref().map(|word| word.as_str()),
        );
        write_extra(map, &e.extra)?;
    }
    Activity = |e, map, raw| {
        write_fields!(map,
            "total_submissions" => e.total_submissions, "recent_violations" => e.recent_violations,
            "approval_rate" => e.approval_rate, "risk_score" => e.risk_score,
        );
        write_extra(map, &e.extra)?;
    }
    Meta = |e, map, raw| {
        write_fields!(map, "project_id" => e.project_id.as_deref());
        write_meta_fields_except_project(map, e, &AsDisplay(&e.received_at))?;
    }
}

impl Serialize for EventForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name)?;
        match self.event {
            Event::ModerationUpdate(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::StatsUpdate(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::RuleUpdate(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::SystemNotification(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::UserActivity(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::ServerError(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::UnknownEvent(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::MalformedEvent(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::Gap(e) => e.write_fields(&mut map, self.includes_raw_json),
            Event::Lagged(e) => e.write_fields(&mut map, self.includes_raw_json),
        }?;
        map.end()
    }
}

/// Writes the documented fields of a moderation update. `meta_data` is `null` unless `raw` is set.
pub(crate) fn write_moderation_fields<M: SerializeMap>(
    map: &mut M,
    e: &ModerationUpdate,
    raw: bool,
) -> Result<(), M::Error> {
    write_fields!(map,
        "content_id" => e.content_id, "project_id" => e.project_id.as_deref(),
        "status" => e.status.as_str(),
        "content_type" => e.content_type.as_ref().map(|word| word.as_str()),
        "content_preview" => e.content_preview, "meta_data" => raw_value(e.meta_data.as_ref(), raw),
        "results_count" => e.results_count, "processing_time" => e.processing_time,
        "moderator_type" => e.moderator_type.as_ref().map(|word| word.as_str()),
        "moderator_name" => e.moderator_name, "rule_name" => e.rule_name, "timestamp" => UtcTime(&e.timestamp),
    );
    Ok(())
}

/// Writes the fields of `meta` except `project_id`. The time of arrival is written as `received_at`, in the form that
/// the caller chooses.
pub(crate) fn write_meta_fields_except_project<M: SerializeMap>(
    map: &mut M,
    meta: &Meta,
    received_at: &impl Serialize,
) -> Result<(), M::Error> {
    write_fields!(map,
        "event_id" => meta.event_id, "origin" => meta.origin, "received_at" => received_at,
        "cursor" => meta.cursor().as_ref().map(AsDisplay),
    );
    Ok(())
}

/// Returns the JSON to be copied verbatim, or `None` if `json` is `None` or invalid, or if `raw` is not set.
fn raw_value(json: Option<&RawJson>, raw: bool) -> Option<&RawValue> {
    json.filter(|_| raw).and_then(|json| serde_json::from_str(json.as_str()).ok())
}

fn write_extra<M: SerializeMap>(map: &mut M, extra: &Extra) -> Result<(), M::Error> {
    if extra.is_empty() { Ok(()) } else { map.serialize_entry("extra", extra) }
}

/// Value that is serialized as the text of its `Display` implementation.
pub(crate) struct AsDisplay<'a, T>(pub(crate) &'a T);

impl<T: std::fmt::Display> Serialize for AsDisplay<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}
