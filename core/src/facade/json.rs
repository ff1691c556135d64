//! Events as JSON, for languages whose JSON parser beats crossing the border field by field.

use serde_json::{Map, Value, json};

use crate::{Event, Extra, Meta, RawJson, Rule, Timestamp};

/// The event as a JSON object: `event`, the documented fields, `extra` where there is any, and `meta`.
///
/// Whatever shape the server sent, the fields are the documented ones, and timestamps end in `Z`; a timestamp that is
/// none stays as it came.
#[must_use]
pub fn event_to_json(event: &Event) -> String {
    event_to_value(event).to_string()
}

/// What [`event_to_json`] writes, as a tree of values.
#[must_use]
pub fn event_to_value(event: &Event) -> Value {
    let (fields, extra) = match event {
        Event::ModerationUpdate(e) => (
            json!({
                "content_id": e.content_id, "project_id": e.project_id.as_deref(), "status": e.status.as_str(),
                "content_type": e.content_type.as_ref().map(|word| word.as_str()),
                "content_preview": e.content_preview, "meta_data": e.meta_data.as_ref().map(value),
                "results_count": e.results_count, "processing_time": e.processing_time,
                "moderator_type": e.moderator_type.as_ref().map(|word| word.as_str()),
                "moderator_name": e.moderator_name, "rule_name": e.rule_name, "timestamp": time(&e.timestamp),
            }),
            Some(&e.extra),
        ),
        Event::StatsUpdate(e) => {
            let activity = e.recent_activity.iter().map(|one| {
                json!({"content_id": one.content_id, "decision": one.decision.as_str(), "timestamp": time(&one.timestamp)})
            });
            (
                json!({
                    "total_content": e.total_content, "approved": e.approved, "rejected": e.rejected,
                    "flagged": e.flagged, "pending": e.pending, "approval_rate": e.approval_rate,
                    "rejection_rate": e.rejection_rate, "flag_rate": e.flag_rate,
                    "recent_activity": activity.collect::<Vec<_>>(),
                }),
                Some(&e.extra),
            )
        }
        Event::RuleUpdate(e) => (
            json!({"action": e.action.as_str(), "rule": rule(&e.rule), "timestamp": time(&e.timestamp)}),
            Some(&e.extra),
        ),
        Event::SystemNotification(e) => (
            json!({
                "type": e.notification_type.as_str(), "message": e.message, "timestamp": time(&e.timestamp),
                "persistent": e.persistent,
            }),
            Some(&e.extra),
        ),
        Event::UserActivity(e) => {
            let figures = json!({
                "total_submissions": e.activity.total_submissions, "recent_violations": e.activity.recent_violations,
                "approval_rate": e.activity.approval_rate, "risk_score": e.activity.risk_score,
            });
            (
                json!({
                    "user_id": e.user_id, "activity": with_extra(figures, &e.activity.extra),
                    "triggered_by": e.triggered_by, "timestamp": time(&e.timestamp),
                }),
                Some(&e.extra),
            )
        }
        Event::ServerError(e) => (json!({"message": e.message, "code": e.code}), Some(&e.extra)),
        Event::UnknownEvent(e) => (json!({"name": e.name, "data": value(&e.data)}), None),
        Event::MalformedEvent(e) => (json!({"name": e.name, "data": e.data.as_str(), "reason": e.reason}), None),
        Event::Gap(e) => {
            (json!({"project_id": e.project_id.as_str(), "reason": e.reason.as_str(), "missed": e.missed}), None)
        }
        Event::Lagged(e) => (json!({"missed": e.missed}), None),
    };
    let mut object = Map::new();
    object.insert("event".into(), event.name().into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    if let Some(extra) = extra.filter(|extra| !extra.is_empty()) {
        object.insert("extra".into(), Value::Object(extra.clone()));
    }
    object.insert("meta".into(), meta(event.meta()));
    Value::Object(object)
}

fn meta(meta: &Meta) -> Value {
    json!({
        "project_id": meta.project_id.as_deref(), "event_id": meta.event_id, "origin": meta.origin.as_str(),
        "received_at": meta.received_at.to_string(), "cursor": meta.cursor().map(|cursor| cursor.to_string()),
    })
}

fn rule(rule: &Rule) -> Value {
    let fields = json!({
        "id": rule.id, "name": rule.name, "type": rule.rule_type.as_ref().map(|word| word.as_str()),
        "is_active": rule.is_active, "priority": rule.priority,
        "action": rule.action.as_ref().map(|word| word.as_str()),
    });
    with_extra(fields, &rule.extra)
}

fn with_extra(mut fields: Value, extra: &Extra) -> Value {
    if !extra.is_empty() {
        fields["extra"] = Value::Object(extra.clone());
    }
    fields
}

fn time(timestamp: &Timestamp) -> String {
    timestamp.to_rfc3339().unwrap_or_else(|| timestamp.as_str().to_owned())
}

fn value(raw: &RawJson) -> Value {
    raw.to_value().unwrap_or(Value::Null)
}
