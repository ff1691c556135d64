//! `rule_update`: creation, change or deletion of a rule.

use serde::Deserialize;

use super::{
    Extra, Meta, Timestamp,
    decode::PayloadReader,
    payload_fields::{coerced_scalar, nullable, payload, word_enum},
};

word_enum! {
    /// Kind of change to a rule.
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
        /// Looks for keywords.
        Keyword = "keyword",
        /// Looks for matches of a regular expression.
        Regex = "regex",
        /// Sends a prompt to a language model.
        AiPrompt = "ai_prompt",
    }
}

word_enum! {
    /// Action that a rule takes on matching content. The past-tense forms that some servers send are equivalent.
    RuleAction {
        /// Approves the content.
        Approve = "approve" | "approved",
        /// Rejects the content.
        Reject = "reject" | "rejected",
        /// Flags the content for review by a person.
        Flag = "flag" | "flagged",
    }
}

/// Creation, change or deletion of a rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RuleUpdate {
    /// Kind of change to the rule.
    pub action: RuleVerb,
    /// Rule as it is after the change, or as it was before its deletion.
    pub rule: Rule,
    /// Time of the change. Empty on some servers.
    pub timestamp: Timestamp,
    /// Undocumented fields.
    pub extra: Extra,
    /// Metadata added by the SDK.
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
    /// Method by which the rule decides (`type` on documented servers, `rule_type` on deployed ones).
    pub rule_type: Option<RuleType>,
    /// True if the rule is enabled.
    pub is_active: Option<bool>,
    /// Priority of the rule. Rules with a higher priority are evaluated first.
    pub priority: Option<i64>,
    /// Action that the rule takes on matching content.
    pub action: Option<RuleAction>,
    /// Undocumented fields, such as `description` and `rule_data` on deployed servers.
    pub extra: Extra,
}

payload! {
    RulePayload<'de> {
        id: String = "id" => coerced_scalar,
        name: String = "name" => coerced_scalar,
        rule_type: RuleType = "type" | "rule_type" => coerced_scalar,
        is_active: bool = "is_active" => coerced_scalar,
        priority: i64 = "priority" => coerced_scalar,
        action: RuleAction = "action" => coerced_scalar,
    }
}

/// [`Rule`] deserialized from any of the forms that servers send.
pub(crate) struct RuleFromServer(pub(crate) Rule);

impl<'de> Deserialize<'de> for RuleFromServer {
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
    RuleUpdatePayload<'de> {
        action: RuleVerb = "action" => coerced_scalar,
        rule: RuleFromServer = "rule" => nullable,
        timestamp: Timestamp = "timestamp" => coerced_scalar,
    }
}

impl RuleUpdate {
    pub(super) fn read(reader: &mut PayloadReader<'_>) -> Result<Self, String> {
        let payload: RuleUpdatePayload<'_> = reader.parse()?;
        let RuleFromServer(rule) = payload.rule.ok_or("rule is missing")?;
        // Deployed servers put the project id inside the rule.
        let project_of_rule = rule.extra.get("project_id").and_then(serde_json::Value::as_str).map(Into::into);
        let meta = reader.meta(payload.project_id.or(project_of_rule), payload.event_id);
        Ok(Self {
            action: payload.action.ok_or("action is missing")?,
            rule,
            timestamp: payload.timestamp.unwrap_or_default(),
            extra: payload.extra,
            meta,
        })
    }
}
