//! Events as JSON, for languages whose JSON parser is faster than calls for each field.

use serde_json::Value;

use crate::{Event, events::Written};

/// Converts the event to a JSON object: see [`Event::to_json`].
#[must_use]
pub fn event_to_json(event: &Event) -> String {
    event.to_json()
}

/// The output of [`event_to_json`] as a tree of values. Data nested too deeply for a tree is `null`.
#[must_use]
pub fn event_to_value(event: &Event) -> Value {
    serde_json::to_value(event)
        .or_else(|_| serde_json::to_value(Written { event, name: event.name(), raw: false }))
        .unwrap_or_default()
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
