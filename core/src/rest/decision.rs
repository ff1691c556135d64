//! Conversion of an item from REST to the event that the server would have sent for its decision.

use serde_json::{Value, json};

use super::Content;
use crate::events::{Event, Origin, Received, decode};

/// Number of characters in a preview, as on deployed servers.
const PREVIEW_CHARS: usize = 100;

/// Event for the item's decision; `at` is the time of arrival.
pub(super) fn as_event(content: &Content, at: jiff::Timestamp) -> Event {
    let mut preview: String = content.content_data.chars().take(PREVIEW_CHARS).collect();
    if preview.len() < content.content_data.len() {
        preview.push_str("...");
    }
    let result = deciding(content);
    let moderator_type = field(result, "moderator_type");
    let mut moderator_name = field(result, "moderator_name");
    if moderator_name.is_null() {
        // Stored results lack the name that live events have.
        moderator_name = match moderator_type.as_str() {
            Some("rule") => "Rule".into(),
            Some("ai") => "AI".into(),
            _ => Value::Null,
        };
    }
    let decided = if content.updated_at.as_str().is_empty() { &content.created_at } else { &content.updated_at };
    let payload = json!({
        "content_id": content.id,
        "project_id": content.project_id.as_deref(),
        "status": content.status.as_str(),
        "content_type": content.content_type,
        "content_preview": preview,
        "meta_data": content.meta_data,
        "results_count": content.moderation_results.len(),
        "processing_time": field(result, "processing_time"),
        "moderator_type": moderator_type,
        "moderator_name": moderator_name,
        "rule_name": field(result, "rule_name"),
        "timestamp": decided.as_str(),
    });
    let received = Received { origin: Origin::Backfill, at };
    decode("moderation_update", &payload.to_string(), received)
}

/// Newest of the results that made the decision, or newest of all. Servers list them in any order.
fn deciding(content: &Content) -> Option<&Value> {
    let decides =
        |result: &&Value| result.get("decision").and_then(Value::as_str).is_some_and(|word| content.status == *word);
    let at = |result: &&Value| result.get("created_at").and_then(Value::as_str).unwrap_or_default().to_owned();
    let results = &content.moderation_results;
    results.iter().filter(decides).max_by_key(at).or_else(|| results.iter().max_by_key(at))
}

/// Field of the result or of its details, where deployed servers store some.
fn field(result: Option<&Value>, name: &str) -> Value {
    let known = |value: &Value| value.get(name).filter(|value| !value.is_null()).cloned();
    result.and_then(|result| known(result).or_else(|| known(result.get("details")?))).unwrap_or(Value::Null)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn event(content: Value) -> crate::ModerationUpdate {
        match as_event(&serde_json::from_value(content).unwrap(), jiff::Timestamp::now()) {
            Event::ModerationUpdate(update) => update,
            other => panic!("{other:?}"),
        }
    }

    fn rule(at: &str, decision: &str) -> Value {
        json!({
            "id": "r", "content_id": "c", "moderator_type": "rule", "moderator_id": "8a53", "decision": decision,
            "confidence": 0.8, "details": {"rule_id": "8a53", "rule_name": "Flag words"}, "processing_time": 8.3e-6,
            "created_at": at,
        })
    }

    fn manual(at: &str, decision: &str) -> Value {
        json!({"id": "m", "moderator_type": "manual", "moderator_id": "u1", "decision": decision, "created_at": at})
    }

    fn content(status: &str, results: &[Value]) -> Value {
        json!({"id": "c", "project_id": "p", "status": status, "content_data": "x", "moderation_results": results})
    }

    #[test]
    fn a_rule_is_named_as_live_events_name_it() {
        let event = event(content("flagged", &[rule("2026-11-29T02:45:01.722723", "flagged")]));
        assert_eq!(event.rule_name.as_deref(), Some("Flag words"));
        assert_eq!(event.moderator_name.as_deref(), Some("Rule"));
        assert_eq!(event.moderator_type.as_ref().map(|kind| kind.as_str()), Some("rule"));
        assert_eq!(event.processing_time, Some(8.3e-6));
    }

    #[test]
    fn a_review_is_a_persons_in_whatever_order_the_results_come() {
        let (first, last) = (rule("2026-11-29T02:45:01.7", "flagged"), manual("2026-11-29T03:00:00.1", "approved"));
        for results in [[first.clone(), last.clone()], [last, first]] {
            let event = event(content("approved", &results));
            assert_eq!(event.moderator_type.as_ref().map(|kind| kind.as_str()), Some("manual"));
            assert_eq!((event.rule_name, event.results_count), (None, Some(2)));
        }
    }

    #[test]
    fn of_two_that_agree_the_newer_has_decided() {
        let (old, new) = (rule("2026-11-29T02:45:01", "rejected"), manual("2026-11-29T02:46:00", "rejected"));
        for results in [[old.clone(), new.clone()], [new, old]] {
            let event = event(content("rejected", &results));
            assert_eq!(event.moderator_type.as_ref().map(|kind| kind.as_str()), Some("manual"));
        }
    }
}
