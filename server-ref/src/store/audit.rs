//! The audit log: actions, actors and times.
//!
//! An entry is written in the transaction of what it records. It holds no secret, and its size is bounded.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::StoredRule;
use super::accounts::time;
use crate::time::Micros;

/// The longest text within an entry, and the longest data of a rule, in characters.
const TEXT_MAX: usize = 500;
pub(crate) const RULE_DATA_MAX: usize = 2000;
/// The longest JSON text of a state, in bytes.
const STATE_MAX: usize = 16 * 1024;

/// The user, program or part of the server that does something.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) kind: &'static str,
    pub(crate) id: Option<Arc<str>>,
    /// The user's e-mail address, or the key's name.
    pub(crate) name: Arc<str>,
    pub(crate) address: Option<IpAddr>,
}

impl Actor {
    /// The server itself.
    pub(crate) fn system() -> Self {
        Self { kind: "system", id: None, name: "automoderate-server".into(), address: None }
    }

    /// A command, run by an operator with access to the database.
    pub(crate) fn command_line() -> Self {
        Self { kind: "command_line", ..Self::system() }
    }

    pub(crate) fn user(id: Arc<str>, email: Arc<str>, address: Option<IpAddr>) -> Self {
        Self { kind: "user", id: Some(id), name: email, address }
    }

    pub(crate) fn key(id: Arc<str>, name: Arc<str>, address: Option<IpAddr>) -> Self {
        Self { kind: "key", id: Some(id), name, address }
    }
}

/// An entry that is to be written.
#[derive(Debug)]
pub(crate) struct AuditDraft {
    pub(crate) by: Actor,
    /// The kind of the target, a dot, and a verb: `rule.update`.
    pub(crate) action: &'static str,
    pub(crate) target_id: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl AuditDraft {
    pub(crate) fn new(by: &Actor, action: &'static str, target_id: &str) -> Self {
        Self { by: by.clone(), action, target_id: target_id.to_owned(), before: None, after: None }
    }

    pub(crate) fn before(self, state: Value) -> Self {
        Self { before: Some(state), ..self }
    }

    pub(crate) fn after(self, state: Value) -> Self {
        Self { after: Some(state), ..self }
    }

    pub(crate) fn target_kind(&self) -> &'static str {
        self.action.split_once('.').map_or(self.action, |(kind, _)| kind)
    }
}

/// The JSON text of a state, with its long texts cut.
pub(crate) fn state(mut value: Value) -> String {
    cut_texts(&mut value);
    let text = value.to_string();
    if text.len() <= STATE_MAX { text } else { json!({"too_large": text.len()}).to_string() }
}

fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) => cut(text, TEXT_MAX),
        // Cut already.
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| *name != "data").for_each(|(_, value)| cut_texts(value));
        }
        Value::Array(values) => values.iter_mut().for_each(cut_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut(text: &mut String, longest: usize) {
    if let Some((end, _)) = text.char_indices().nth(longest) {
        text.truncate(end);
        text.push('…');
    }
}

/// A rule as the log shows it: data that are long are the beginning of their JSON text.
pub(crate) fn rule_state(rule: &StoredRule) -> Value {
    let data = match rule.data.char_indices().nth(RULE_DATA_MAX) {
        Some((end, _)) => Value::String(format!("{}…", &rule.data[..end])),
        None => serde_json::from_str(&rule.data).unwrap_or_default(),
    };
    json!({
        "name": rule.name,
        "type": rule.kind,
        "data": data,
        "action": rule.action,
        "priority": rule.priority,
        "is_active": rule.is_active,
    })
}

/// An entry as the REST interface shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    pub(crate) id: String,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Micros,
    pub(crate) actor: AuditActor,
    /// The kind of the target, a dot, and a verb, such as `rule.update`.
    pub(crate) action: String,
    pub(crate) target: AuditTarget,
    /// The state that was replaced; null for what is new. Long texts are cut.
    #[schema(value_type = Option<Object>)]
    pub(crate) before: Option<Box<RawValue>>,
    /// The state that followed; null for what was deleted. Long texts are cut.
    #[schema(value_type = Option<Object>)]
    pub(crate) after: Option<Box<RawValue>>,
    /// The address of the client; null where it is unknown, and for what concerns the user more than the project.
    pub(crate) address: Option<String>,
}

/// The user, program or part of the server that did something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditActor {
    /// `user`, `key`, `command_line` or `system`.
    pub(crate) kind: String,
    /// Null for the command line and the system.
    pub(crate) id: Option<String>,
    /// The user's e-mail address or the key's name, as it was then.
    pub(crate) name: String,
}

/// The target of an action.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditTarget {
    pub(crate) kind: String,
    pub(crate) id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text: Value = serde_json::from_str(&state(json!({"reason": ["ä".repeat(600)]}))).unwrap();
        assert_eq!(text["reason"][0], format!("{}…", "ä".repeat(500)));
        let many: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        assert!(state(json!(many)).len() < STATE_MAX);
    }

    #[test]
    fn the_data_of_a_rule_are_an_object_or_the_beginning_of_its_text() {
        let rule = |data: String| StoredRule {
            id: "r".into(),
            name: "n".into(),
            kind: "keyword".into(),
            data,
            action: "reject".into(),
            priority: 0,
            is_active: true,
            created_at: 0,
            updated_at: 0,
        };
        assert_eq!(rule_state(&rule(r#"{"keywords":["x"]}"#.into()))["data"], json!({"keywords": ["x"]}));
        let long = format!(r#"{{"keywords":["{}"]}}"#, "é".repeat(100_000));
        let stored = state(rule_state(&rule(long)));
        assert!(stored.len() < STATE_MAX && stored.contains("é…"));
    }
}
