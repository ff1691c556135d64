//! Writing. The fields of each kind are in the order of the documentation.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::time::Time;
use crate::events::{
    Activity, Event, Extra, Gap, Lagged, MalformedEvent, Meta, ModerationUpdate, RawJson, RecentActivity, Rule,
    RuleUpdate, ServerError, StatsUpdate, SystemNotification, UnknownEvent, UserActivity,
};

/// Event with options for writing.
pub(crate) struct Written<'a> {
    pub(crate) event: &'a Event,
    pub(crate) name: &'static str,
    /// See [`WriteFields::write_fields`].
    pub(crate) raw: bool,
}

/// Writer of an object's fields.
trait WriteFields {
    /// Unless `raw` is set, fields that are slices of the payload are written as `null`.
    fn write_fields<M: SerializeMap>(&self, map: &mut M, raw: bool) -> Result<(), M::Error>;
}

/// Writes the fields of an object, each given as a name and an expression.
macro_rules! fields {
    ($map:expr, $($name:literal => $value:expr),+ $(,)?) => {
        $($map.serialize_entry($name, &$value)?;)+
    };
}

macro_rules! objects {
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

            /// Serialized in the form of [`Event::to_json`], without `event`.
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

objects! {
    ModerationUpdate = |e, map, raw| {
        update_fields(map, e, raw)?;
        write_extra(map, &e.extra)?;
        fields!(map, "meta" => e.meta);
    }
    StatsUpdate = |e, map, raw| {
        fields!(map,
            "total_content" => e.total_content, "approved" => e.approved, "rejected" => e.rejected,
            "flagged" => e.flagged, "pending" => e.pending, "approval_rate" => e.approval_rate,
            "rejection_rate" => e.rejection_rate, "flag_rate" => e.flag_rate,
            "recent_activity" => e.recent_activity,
        );
        write_extra(map, &e.extra)?;
        fields!(map, "meta" => e.meta);
    }
    RuleUpdate = |e, map, raw| {
        fields!(map, "action" => e.action.as_str(), "rule" => e.rule, "timestamp" => Time(&e.timestamp));
        write_extra(map, &e.extra)?;
        fields!(map, "meta" => e.meta);
    }
    SystemNotification = |e, map, raw| {
        fields!(map,
            "type" => e.notification_type.as_str(), "message" => e.message, "timestamp" => Time(&e.timestamp),
            "persistent" => e.persistent,
        );
        write_extra(map, &e.extra)?;
        fields!(map, "meta" => e.meta);
    }
    UserActivity = |e, map, raw| {
        fields!(map,
            "user_id" => e.user_id, "activity" => e.activity, "triggered_by" => e.triggered_by,
            "timestamp" => Time(&e.timestamp),
        );
        write_extra(map, &e.extra)?;
        fields!(map, "meta" => e.meta);
    }
    ServerError = |e, map, raw| {
        fields!(map, "message" => e.message, "code" => e.code);
        write_extra(map, &e.extra)?;
        fields!(map, "meta" => e.meta);
    }
    UnknownEvent = |e, map, raw| {
        fields!(map, "name" => e.name, "data" => piece(Some(&e.data), raw), "meta" => e.meta);
    }
    MalformedEvent = |e, map, raw| {
        fields!(map, "name" => e.name, "data" => e.data.as_str(), "reason" => e.reason, "meta" => e.meta);
    }
    Gap = |e, map, raw| {
        fields!(map, "project_id" => *e.project_id, "reason" => e.reason.as_str(), "missed" => e.missed, "meta" => e.meta);
    }
    Lagged = |e, map, raw| {
        fields!(map, "missed" => e.missed, "meta" => e.meta);
    }
    RecentActivity = |e, map, raw| {
        fields!(map, "content_id" => e.content_id, "decision" => e.decision.as_str(), "timestamp" => Time(&e.timestamp));
    }
    Rule = |e, map, raw| {
        fields!(map,
            "id" => e.id, "name" => e.name, "type" => e.rule_type.as_ref().map(|word| word.as_str()),
            "is_active" => e.is_active, "priority" => e.priority,
            "action" => e.action.as_ref().map(|word| word.as_str()),
        );
        write_extra(map, &e.extra)?;
    }
    Activity = |e, map, raw| {
        fields!(map,
            "total_submissions" => e.total_submissions, "recent_violations" => e.recent_violations,
            "approval_rate" => e.approval_rate, "risk_score" => e.risk_score,
        );
        write_extra(map, &e.extra)?;
    }
    Meta = |e, map, raw| {
        fields!(map, "project_id" => e.project_id.as_deref());
        position_fields(map, e, &Shown(&e.received_at))?;
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name)?;
        match self.event {
            Event::ModerationUpdate(e) => e.write_fields(&mut map, self.raw),
            Event::StatsUpdate(e) => e.write_fields(&mut map, self.raw),
            Event::RuleUpdate(e) => e.write_fields(&mut map, self.raw),
            Event::SystemNotification(e) => e.write_fields(&mut map, self.raw),
            Event::UserActivity(e) => e.write_fields(&mut map, self.raw),
            Event::ServerError(e) => e.write_fields(&mut map, self.raw),
            Event::UnknownEvent(e) => e.write_fields(&mut map, self.raw),
            Event::MalformedEvent(e) => e.write_fields(&mut map, self.raw),
            Event::Gap(e) => e.write_fields(&mut map, self.raw),
            Event::Lagged(e) => e.write_fields(&mut map, self.raw),
        }?;
        map.end()
    }
}

/// Writes the documented fields.
pub(crate) fn update_fields<M: SerializeMap>(map: &mut M, e: &ModerationUpdate, raw: bool) -> Result<(), M::Error> {
    fields!(map,
        "content_id" => e.content_id, "project_id" => e.project_id.as_deref(),
        "status" => e.status.as_str(),
        "content_type" => e.content_type.as_ref().map(|word| word.as_str()),
        "content_preview" => e.content_preview, "meta_data" => piece(e.meta_data.as_ref(), raw),
        "results_count" => e.results_count, "processing_time" => e.processing_time,
        "moderator_type" => e.moderator_type.as_ref().map(|word| word.as_str()),
        "moderator_name" => e.moderator_name, "rule_name" => e.rule_name, "timestamp" => Time(&e.timestamp),
    );
    Ok(())
}

/// Writes all metadata but the project; `at` is the time of arrival.
pub(crate) fn position_fields<M: SerializeMap>(map: &mut M, meta: &Meta, at: &impl Serialize) -> Result<(), M::Error> {
    fields!(map,
        "event_id" => meta.event_id, "origin" => meta.origin, "received_at" => at,
        "cursor" => meta.cursor().as_ref().map(Shown),
    );
    Ok(())
}

/// Slice of a payload's text.
fn piece(piece: Option<&RawJson>, raw: bool) -> Option<&RawValue> {
    piece.filter(|_| raw).and_then(|piece| serde_json::from_str(piece.as_str()).ok())
}

fn write_extra<M: SerializeMap>(map: &mut M, extra: &Extra) -> Result<(), M::Error> {
    if extra.is_empty() { Ok(()) } else { map.serialize_entry("extra", extra) }
}

/// Value that is written as it is displayed.
pub(crate) struct Shown<'a, T>(pub(crate) &'a T);

impl<T: std::fmt::Display> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}
