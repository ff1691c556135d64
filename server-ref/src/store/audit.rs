//! The entries of the audit log. Each entry records an action, its actor and its time.
//!
//! An entry is written in the same transaction as the change that it records. Entries contain no secrets, and their size is
//! bounded.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::StoredRule;
use super::accounts::serialize_time;
use crate::time::Micros;

/// Maximum length, in characters, of a string within an entry, except in the data of a rule. Longer strings are truncated.
const TEXT_CHARS_MAX: usize = 500;
/// Maximum length of a rule's data within an entry, in characters. Longer data is truncated.
pub(crate) const RULE_DATA_CHARS_MAX: usize = 2000;
/// Maximum size of a state's JSON text, in bytes. If the text is larger, the entry contains only its size.
const STATE_BYTES_MAX: usize = 16 * 1024;

/// The user, API key or command that performs an action, or the server itself.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) kind: &'static str,
    pub(crate) id: Option<Arc<str>>,
    /// The user's e-mail address, the key's name, or `automoderate-server`.
    pub(crate) name: Arc<str>,
    pub(crate) address: Option<IpAddr>,
}

impl Actor {
    /// Returns the actor for actions of the server itself.
    pub(crate) fn system() -> Self {
        Self { kind: "system", id: None, name: "automoderate-server".into(), address: None }
    }

    /// Returns the actor for commands that an operator runs directly on the database.
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

/// An audit log entry that has not been written yet.
#[derive(Debug)]
pub(crate) struct AuditDraft {
    pub(crate) actor: Actor,
    /// The kind of target and a verb, separated by a dot, such as `rule.update`.
    pub(crate) action: &'static str,
    pub(crate) target_id: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl AuditDraft {
    pub(crate) fn new(by: &Actor, action: &'static str, target_id: &str) -> Self {
        Self { actor: by.clone(), action, target_id: target_id.to_owned(), before: None, after: None }
    }

    pub(crate) fn with_before(self, state: Value) -> Self {
        Self { before: Some(state), ..self }
    }

    pub(crate) fn with_after(self, state: Value) -> Self {
        Self { after: Some(state), ..self }
    }

    pub(crate) fn target_kind(&self) -> &'static str {
        self.action.split_once('.').map_or(self.action, |(kind, _)| kind)
    }
}

/// Serializes a state as JSON and truncates its long strings. If the text is still too large, returns an object with only the text's
/// size.
pub(crate) fn bounded_state_json(mut state: Value) -> String {
    truncate_texts(&mut state);
    let text = state.to_string();
    if text.len() <= STATE_BYTES_MAX { text } else { json!({"too_large": text.len()}).to_string() }
}

fn truncate_texts(value: &mut Value) {
    match value {
        Value::String(text) => truncate_text(text, TEXT_CHARS_MAX),
        // `rule_audit_state` has already truncated the data of a rule.
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| *name != "data").for_each(|(_, value)| truncate_texts(value));
        }
        Value::Array(values) => values.iter_mut().for_each(truncate_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn truncate_text(text: &mut String, max_chars: usize) {
    if let Some((end, _)) = text.char_indices().nth(max_chars) {
        text.truncate(end);
        text.push('…');
    }
}

/// Returns the state of a rule for the audit log. Data that is too long is replaced by the beginning of the data's JSON text.
pub(crate) fn rule_audit_state(rule: &StoredRule) -> Value {
    let data = match rule.data.char_indices().nth(RULE_DATA_CHARS_MAX) {
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

/// An audit log entry, as returned by the REST API.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    pub(crate) id: String,
    #[serde(serialize_with = "serialize_time")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Micros,
    pub(crate) actor: AuditActor,
    /// The kind of target and a verb, separated by a dot, such as `rule.update`.
    pub(crate) action: String,
    pub(crate) target: AuditTarget,
    /// State of the target before the action, or null if the action created it or the state is not recorded. Long strings are truncated.
    #[schema(value_type = Option<Object>)]
    pub(crate) before: Option<Box<RawValue>>,
    /// State of the target after the action, or null if the action deleted it or the state is not recorded. Long strings are truncated.
    #[schema(value_type = Option<Object>)]
    pub(crate) after: Option<Box<RawValue>>,
    /// The client's IP address, or null if it is unknown. The log of a project omits the addresses of sign-ins and of answers to
    /// invitations.
    pub(crate) address: Option<String>,
}

/// The user, API key or command that performed an action, or the server itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditActor {
    /// Kind of actor: `user`, `key`, `command_line` or `system`.
    pub(crate) kind: String,
    /// Id of the user or key, or null for `command_line` and `system`.
    pub(crate) id: Option<String>,
    /// The user's e-mail address or the key's name at the time of the action, or `automoderate-server`.
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
    fn long_strings_are_truncated_between_characters() {
        let text: Value = serde_json::from_str(&bounded_state_json(json!({"reason": ["ä".repeat(600)]}))).unwrap();
        assert_eq!(text["reason"][0], format!("{}…", "ä".repeat(500)));
        let many: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        assert!(bounded_state_json(json!(many)).len() < STATE_BYTES_MAX);
    }

    #[test]
    fn rule_data_is_an_object_or_the_beginning_of_its_json_text() {
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
        assert_eq!(rule_audit_state(&rule(r#"{"keywords":["x"]}"#.into()))["data"], json!({"keywords": ["x"]}));
        let long = format!(r#"{{"keywords":["{}"]}}"#, "é".repeat(100_000));
        let stored = bounded_state_json(rule_audit_state(&rule(long)));
        assert!(stored.len() < STATE_BYTES_MAX && stored.contains("é…"));
    }
}
