//! `rule_update`: a rule was created, updated or deleted.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, nullable, wire, words},
};

words! {
    /// What happened to a rule.
    RuleVerb {
        /// It is new.
        Created = "created",
        /// It was changed.
        Updated = "updated",
        /// It is gone.
        Deleted = "deleted",
    }
}

words! {
    /// How a rule decides.
    RuleType {
        /// It looks for words.
        Keyword = "keyword",
        /// It looks for a pattern.
        Regex = "regex",
        /// It asks a language model.
        AiPrompt = "ai_prompt",
    }
}

words! {
    /// What a rule does with content that it matches. The past-tense forms of some servers mean the same.
    RuleAction {
        /// Approves it.
        Approve = "approve" | "approved",
        /// Rejects it.
        Reject = "reject" | "rejected",
        /// Flags it for a person.
        Flag = "flag" | "flagged",
    }
}

/// A rule was created, updated or deleted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RuleUpdate {
    /// What happened.
    pub action: RuleVerb,
    /// The rule, as it is now or was last.
    pub rule: Rule,
    /// When it happened; empty on some servers.
    pub timestamp: Timestamp,
    /// Fields that the documentation does not know.
    pub extra: Extra,
    /// What the SDK knows about the event.
    pub meta: Meta,
}

/// A moderation rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// The rule's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it decides (`rule_type` on deployed servers).
    pub rule_type: Option<RuleType>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// Rules with a higher number come first.
    pub priority: Option<i64>,
    /// What it does.
    pub action: Option<RuleAction>,
    /// Fields that the documentation does not know, among them deployed servers' `description` and `rule_data`.
    pub extra: Extra,
}

wire! {
    RuleWire<'de> {
        id: String = "id" => lax,
        name: String = "name" => lax,
        rule_type: RuleType = "type" | "rule_type" => lax,
        is_active: bool = "is_active" => lax,
        priority: i64 = "priority" => lax,
        action: RuleAction = "action" => lax,
    }
}

/// A rule as servers write it.
pub(super) struct WireRule(pub(super) Rule);

impl<'de> Deserialize<'de> for WireRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut wire = RuleWire::deserialize(deserializer)?;
        if let Some(project) = wire.project_id {
            wire.extra.insert("project_id".into(), project.as_str().into());
        }
        Ok(Self(Rule {
            id: wire.id.ok_or_else(|| serde::de::Error::missing_field("id"))?,
            name: wire.name.unwrap_or_default(),
            rule_type: wire.rule_type,
            is_active: wire.is_active,
            priority: wire.priority,
            action: wire.action,
            extra: wire.extra,
        }))
    }
}

wire! {
    Wire<'de> {
        action: RuleVerb = "action" => lax,
        rule: WireRule = "rule" => nullable,
        timestamp: Timestamp = "timestamp" => lax,
    }
}

impl RuleUpdate {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let wire: Wire<'_> = reading.parse()?;
        let WireRule(rule) = wire.rule.ok_or("rule is missing")?;
        // Deployed servers name the project inside the rule.
        let inside = rule.extra.get("project_id").and_then(serde_json::Value::as_str).map(Into::into);
        let meta = reading.meta(wire.project_id.or(inside), wire.event_id);
        Ok(Self {
            action: wire.action.ok_or("action is missing")?,
            rule,
            timestamp: wire.timestamp.unwrap_or_default(),
            extra: wire.extra,
            meta,
        })
    }
}
