//! Rules as users write them, and in stored and published form.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Error;
use crate::ids::random_id;
use crate::store::{EventDraft, Status, StoredRule};
use crate::time::{Micros, rfc3339};

/// The action of a matching rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Approves the item.
    #[serde(alias = "approved")]
    Approve,
    /// Rejects the item.
    #[serde(alias = "rejected")]
    Reject,
    /// Flags the item for a person.
    #[serde(alias = "flagged")]
    Flag,
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Flag => "flag",
        }
    }

    /// Accepts both forms in use: `reject` and `rejected`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "approve" | "approved" => Some(Self::Approve),
            "reject" | "rejected" => Some(Self::Reject),
            "flag" | "flagged" => Some(Self::Flag),
            _ => None,
        }
    }

    pub(crate) fn status(self) -> Status {
        match self {
            Self::Approve => Status::Approved,
            Self::Reject => Status::Rejected,
            Self::Flag => Status::Flagged,
        }
    }
}

/// A rule's search data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleKind {
    /// Any of these words anywhere in the text.
    Keyword {
        /// The words; empty ones are ignored.
        keywords: Vec<String>,
        /// True if `Spam` differs from `spam`.
        #[serde(default)]
        case_sensitive: bool,
    },
    /// A regular expression, without look-around and back-references, so that matching takes linear time.
    Regex {
        /// The pattern.
        pattern: String,
        /// Any of `i` (any case), `m` (`^` and `$` match at lines) and `s` (`.` matches newlines).
        #[serde(default)]
        flags: Vec<String>,
    },
    /// A question to a language model, which is asked if no other rule matched.
    AiPrompt {
        /// The criterion for the item.
        prompt: String,
    },
}

/// A rule to be added to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Shown to people, and the `rule_name` of events.
    pub name: String,
    /// Type of the rule, with its search data.
    pub kind: RuleKind,
    /// Action of the rule.
    pub action: Action,
    /// Higher ones are evaluated first.
    pub priority: i64,
}

impl RuleKind {
    /// Parses the type and its data, in the form that users write and the store keeps.
    pub(crate) fn from_json(kind: &str, data: Value) -> Result<Self, Error> {
        let whole = json!({"type": kind, "data": data});
        serde_json::from_value(whole).map_err(|error| Error::Rule(error.to_string()))
    }

    pub(crate) fn from_parts(kind: &str, data: &str) -> Result<Self, Error> {
        Self::from_json(kind, serde_json::from_str(data).map_err(|error| Error::Rule(error.to_string()))?)
    }

    /// The type, and its data as JSON text.
    pub(crate) fn to_parts(&self) -> Result<(String, String), Error> {
        match serde_json::to_value(self) {
            Ok(Value::Object(mut parts)) => {
                let kind = parts.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
                let data = parts.remove("data").unwrap_or_default();
                Ok((kind, data.to_string()))
            }
            Ok(_) => Err(Error::Internal("a rule is not an object".into())),
            Err(error) => Err(Error::Internal(error.to_string())),
        }
    }
}

impl NewRule {
    pub(crate) fn into_stored(self, at: Micros) -> Result<StoredRule, Error> {
        let (kind, data) = self.kind.to_parts()?;
        Ok(StoredRule {
            id: random_id(),
            name: self.name,
            kind,
            data,
            action: self.action.as_str().into(),
            priority: self.priority,
            is_active: true,
            created_at: at,
            updated_at: at,
        })
    }
}

/// The `rule_update` event.
pub(crate) fn rule_update(project_id: &str, action: &str, rule: &StoredRule, at: Micros) -> Result<EventDraft, Error> {
    #[derive(Serialize)]
    struct RuleUpdate<'a> {
        action: &'a str,
        rule: UpdatedRule<'a>,
        timestamp: String,
        project_id: &'a str,
    }
    #[derive(Serialize)]
    struct UpdatedRule<'a> {
        id: &'a str,
        name: &'a str,
        r#type: &'a str,
        is_active: bool,
        priority: i64,
        action: &'a str,
    }
    let payload = RuleUpdate {
        action,
        rule: UpdatedRule {
            id: &rule.id,
            name: &rule.name,
            r#type: &rule.kind,
            is_active: rule.is_active,
            priority: rule.priority,
            action: &rule.action,
        },
        timestamp: rfc3339(at),
        project_id,
    };
    EventDraft::new("rule_update", &payload)
}
