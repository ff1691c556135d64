//! Events as JSON, for languages in which parsing JSON is faster than reading each field through the binding.

use serde_json::Value;

use crate::{Event, events::EventForm};

/// Converts the event to a JSON object in the same format as [`Event::to_json`].
#[must_use]
pub fn event_to_json(event: &Event) -> String {
    event.to_json()
}

/// Converts the event to the object that [`event_to_json`] writes, as a tree of values. Data that is nested too deeply
/// for a tree becomes `null`.
#[must_use]
pub fn event_to_value(event: &Event) -> Value {
    serde_json::to_value(event)
        .or_else(|_| serde_json::to_value(EventForm { event, name: event.name(), includes_raw_json: false }))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Origin,
        events::{Arrival, decode},
    };

    fn decode_live(name: &str, data: &str) -> Event {
        decode(name, data, Arrival { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH })
    }

    #[test]
    fn text_and_tree_are_equal() {
        let update = r#"{"content_id":"c","status":"odd","meta_data":{"a": [1, "\u00e9"]},"event_id":4,"more":1,
            "timestamp":"2026-11-22T12:39:46.406078"}"#;
        let all = [
            decode_live("moderation_update", update),
            decode_live("stats_update", r#"{"total":3,"recent_activity":[{"content_id":"c","decision":"approved"}]}"#),
            decode_live("rule_update", r#"{"action":"created","rule":{"id":1,"name":"n","description":"d"}}"#),
            decode_live("user_activity", r#"{"user_id":7,"activity":{"risk_score":1.5,"more":2}}"#),
            decode_live("news", r#"{"x":1}"#),
            decode_live("stats_update", "{"),
        ];
        for event in &all {
            assert_eq!(serde_json::from_str::<Value>(&event_to_json(event)).unwrap(), event_to_value(event));
        }
        let first = event_to_value(&all[0]);
        assert_eq!(first["timestamp"], "2026-11-22T12:39:46.406078Z");
        assert_eq!(first["meta_data"]["a"][1], "é");
    }

    #[test]
    fn deeply_nested_data_is_in_the_text_but_not_in_the_tree() {
        let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
        let event =
            decode_live("moderation_update", &format!(r#"{{"content_id":"c","status":"s","meta_data":{deep}}}"#));
        assert_eq!(event.name(), "moderation_update");
        assert!(event_to_json(&event).contains(&deep));
        let deeper = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let event = decode_live("news", &deeper);
        assert_eq!(event.name(), "unknown_event");
        assert!(event_to_json(&event).contains(&deeper));
        let tree = event_to_value(&event);
        assert_eq!((tree["name"].as_str(), &tree["data"]), (Some("news"), &Value::Null));
    }
}
