//! `rule_update`: a rule was created, updated or deleted.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::Reading,
    fields::{lax, nullable, payload, word_enum},
};

word_enum! {
    /// Change of a rule.
    RuleVerb {
        /// The rule was created.
        Created = "created",
        /// The rule was changed.
        Updated = "updated",
        /// The rule was deleted.
        Deleted = "deleted",
    }
}

word_enum! {
    /// Method by which a rule decides.
    RuleType {
        /// Search for words.
        Keyword = "keyword",
        /// Search for a pattern.
        Regex = "regex",
        /// Prompt to a language model.
        AiPrompt = "ai_prompt",
    }
}

word_enum! {
    /// Action of a rule on matching content. The past-tense forms of some servers mean the same.
    RuleAction {
        /// Approves the content.
        Approve = "approve" | "approved",
        /// Rejects the content.
        Reject = "reject" | "rejected",
        /// Flags the content for a person.
        Flag = "flag" | "flagged",
    }
}

/// Creation, change or deletion of a rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RuleUpdate {
    /// Kind of change.
    pub action: RuleVerb,
    /// The rule after the change, or before its deletion.
    pub rule: Rule,
    /// Time of the change; empty on some servers.
    pub timestamp: Timestamp,
    /// Fields that are not documented.
    pub extra: Extra,
    /// Metadata that the SDK adds.
    pub meta: Meta,
}

/// Moderation rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Id of the rule.
    pub id: String,
    /// Name of the rule.
    pub name: String,
    /// Method of the rule (`rule_type` on deployed servers).
    pub rule_type: Option<RuleType>,
    /// True if the rule is enabled.
    pub is_active: Option<bool>,
    /// Priority; rules with a higher number come first.
    pub priority: Option<i64>,
    /// Action on matching content.
    pub action: Option<RuleAction>,
    /// Fields that are not documented, such as `description` and `rule_data` on deployed servers.
    pub extra: Extra,
}

payload! {
    RulePayload<'de> {
        id: String = "id" => lax,
        name: String = "name" => lax,
        rule_type: RuleType = "type" | "rule_type" => lax,
        is_active: bool = "is_active" => lax,
        priority: i64 = "priority" => lax,
        action: RuleAction = "action" => lax,
    }
}

/// Rule in the form that servers write.
pub(super) struct LenientRule(pub(super) Rule);

impl<'de> Deserialize<'de> for LenientRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut payload = RulePayload::deserialize(deserializer)?;
        if let Some(project) = payload.project_id {
            payload.extra.insert("project_id".into(), project.as_str().into());
        }
        Ok(Self(Rule {
            id: payload.id.ok_or_else(|| serde::de::Error::missing_field("id"))?,
            name: payload.name.unwrap_or_default(),
            rule_type: payload.rule_type,
            is_active: payload.is_active,
            priority: payload.priority,
            action: payload.action,
            extra: payload.extra,
        }))
    }
}

payload! {
    Payload<'de> {
        action: RuleVerb = "action" => lax,
        rule: LenientRule = "rule" => nullable,
        timestamp: Timestamp = "timestamp" => lax,
    }
}

impl RuleUpdate {
    pub(super) fn read(reading: &mut Reading<'_>) -> Result<Self, String> {
        let payload: Payload<'_> = reading.parse()?;
        let LenientRule(rule) = payload.rule.ok_or("rule is missing")?;
        // Deployed servers put the project id inside the rule.
        let inside = rule.extra.get("project_id").and_then(serde_json::Value::as_str).map(Into::into);
        let meta = reading.meta(payload.project_id.or(inside), payload.event_id);
        Ok(Self {
            action: payload.action.ok_or("action is missing")?,
            rule,
            timestamp: payload.timestamp.unwrap_or_default(),
            extra: payload.extra,
            meta,
        })
    }
}
