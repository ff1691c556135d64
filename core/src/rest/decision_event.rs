//! Conversion of a content item from REST into the event that the server would have sent for the decision on the item.

use serde_json::{Value, json};

use super::Content;
use crate::events::{Arrival, Event, Origin, decode};

/// Maximum number of characters of the content in a preview, the same as on deployed servers.
const PREVIEW_CHARS_MAX: usize = 100;

/// Returns the event for the most recent decision on the item.
pub(super) fn decision_event(content: &Content, received_at: jiff::Timestamp) -> Event {
    let mut preview: String = content.content_data.chars().take(PREVIEW_CHARS_MAX).collect();
    if preview.len() < content.content_data.len() {
        preview.push_str("...");
    }
    let result = deciding_result(content);
    let moderator_type = field_of_result_or_details(result, "moderator_type");
    let mut moderator_name = field_of_result_or_details(result, "moderator_name");
    if moderator_name.is_null() {
        // Stored results lack the moderator's name, which live events contain.
        moderator_name = match moderator_type.as_str() {
            Some("rule") => "Rule".into(),
            Some("ai") => "AI".into(),
            _ => Value::Null,
        };
    }
    let decision_time = if content.updated_at.as_str().is_empty() { &content.created_at } else { &content.updated_at };
    let payload = json!({
        "content_id": content.id,
        "project_id": content.project_id.as_deref(),
        "status": content.status.as_str(),
        "content_type": content.content_type,
        "content_preview": preview,
        "meta_data": content.meta_data,
        "results_count": content.moderation_results.len(),
        "processing_time": field_of_result_or_details(result, "processing_time"),
        "moderator_type": moderator_type,
        "moderator_name": moderator_name,
        "rule_name": field_of_result_or_details(result, "rule_name"),
        "timestamp": decision_time.as_str(),
    });
    let received = Arrival { origin: Origin::Backfill, at: received_at };
    decode("moderation_update", &payload.to_string(), received)
}

/// Returns the newest result that agrees with the item's decision, or else the newest result of all. Servers list an
/// item's results in no particular order.
fn deciding_result(content: &Content) -> Option<&Value> {
    let agrees =
        |result: &&Value| result.get("decision").and_then(Value::as_str).is_some_and(|word| content.status == *word);
    let time = |result: &&Value| result.get("created_at").and_then(Value::as_str).unwrap_or_default().to_owned();
    let results = &content.moderation_results;
    results.iter().filter(agrees).max_by_key(time).or_else(|| results.iter().max_by_key(time))
}

/// Returns a field of the result or of its `details`, in which deployed servers store some fields.
fn field_of_result_or_details(result: Option<&Value>, name: &str) -> Value {
    let non_null = |value: &Value| value.get(name).filter(|value| !value.is_null()).cloned();
    result.and_then(|result| non_null(result).or_else(|| non_null(result.get("details")?))).unwrap_or(Value::Null)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn update(content: Value) -> crate::ModerationUpdate {
        match decision_event(&serde_json::from_value(content).unwrap(), jiff::Timestamp::now()) {
            Event::ModerationUpdate(update) => update,
            other => panic!("{other:?}"),
        }
    }

    fn rule_result(at: &str, decision: &str) -> Value {
        json!({
            "id": "r", "content_id": "c", "moderator_type": "rule", "moderator_id": "8a53", "decision": decision,
            "confidence": 0.8, "details": {"rule_id": "8a53", "rule_name": "Flag words"}, "processing_time": 8.3e-6,
            "created_at": at,
        })
    }

    fn manual_result(at: &str, decision: &str) -> Value {
        json!({"id": "m", "moderator_type": "manual", "moderator_id": "u1", "decision": decision, "created_at": at})
    }

    fn content(status: &str, results: &[Value]) -> Value {
        json!({"id": "c", "project_id": "p", "status": status, "content_data": "x", "moderation_results": results})
    }

    #[test]
    fn rule_has_the_names_used_in_live_events() {
        let event = update(content("flagged", &[rule_result("2026-11-29T02:45:01.722723", "flagged")]));
        assert_eq!(event.rule_name.as_deref(), Some("Flag words"));
        assert_eq!(event.moderator_name.as_deref(), Some("Rule"));
        assert_eq!(event.moderator_type.as_ref().map(|kind| kind.as_str()), Some("rule"));
        assert_eq!(event.processing_time, Some(8.3e-6));
    }

    #[test]
    fn review_is_attributed_to_a_person_regardless_of_result_order() {
        let (first, last) =
            (rule_result("2026-11-29T02:45:01.7", "flagged"), manual_result("2026-11-29T03:00:00.1", "approved"));
        for results in [[first.clone(), last.clone()], [last, first]] {
            let event = update(content("approved", &results));
            assert_eq!(event.moderator_type.as_ref().map(|kind| kind.as_str()), Some("manual"));
            assert_eq!((event.rule_name, event.results_count), (None, Some(2)));
        }
    }

    #[test]
    fn newer_of_two_agreeing_results_is_the_decision() {
        let (old, new) =
            (rule_result("2026-11-29T02:45:01", "rejected"), manual_result("2026-11-29T02:46:00", "rejected"));
        for results in [[old.clone(), new.clone()], [new, old]] {
            let event = update(content("rejected", &results));
            assert_eq!(event.moderator_type.as_ref().map(|kind| kind.as_str()), Some("manual"));
        }
    }
}
