//! Rules as users write them, and their stored and published forms.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Error;
use crate::ids::random_id;
use crate::store::{EventDraft, Status, StoredRule};
use crate::time::{Micros, rfc3339};

/// The action that a matching rule or a review takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Approves the item.
    #[serde(alias = "approved")]
    Approve,
    /// Rejects the item.
    #[serde(alias = "rejected")]
    Reject,
    /// Flags the item for review.
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

    /// Parses an action. Accepts both forms of each action, such as `reject` and `rejected`.
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

/// The type of a rule, with the data that determines which items match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleKind {
    /// Matches texts that contain any of the given keywords.
    Keyword {
        /// The keywords. Empty keywords are ignored.
        keywords: Vec<String>,
        /// True if upper and lower case are distinguished.
        #[serde(default)]
        case_sensitive: bool,
    },
    /// Matches texts that contain a match for the regular expression.
    ///
    /// Look-around and backreferences are not supported, so that matching takes linear time.
    Regex {
        /// The regular expression, in the syntax of the Rust crate `regex`.
        pattern: String,
        /// Any of `i` (ignores case), `m` (`^` and `$` match at line breaks) and `s` (`.` matches newlines).
        #[serde(default)]
        flags: Vec<String>,
    },
    /// Asks a language model, provided that no keyword or regex rule matched.
    AiPrompt {
        /// The instructions by which the model judges the item.
        prompt: String,
    },
}

/// A rule to add to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Name that is shown to users and sent as `rule_name` in events.
    pub name: String,
    /// Type of the rule, with its data.
    pub kind: RuleKind,
    /// Action that the rule takes when it matches.
    pub action: Action,
    /// Priority of the rule. Rules with a higher priority are evaluated first, but `ai_prompt` rules only if no other rule matches.
    pub priority: i64,
}

impl RuleKind {
    /// Parses a type and its data, in the format that the API and the store use.
    pub(crate) fn from_json(kind: &str, data: Value) -> Result<Self, Error> {
        let tagged = json!({"type": kind, "data": data});
        serde_json::from_value(tagged).map_err(|error| Error::InvalidRule(error.to_string()))
    }

    pub(crate) fn from_parts(kind: &str, data: &str) -> Result<Self, Error> {
        Self::from_json(kind, serde_json::from_str(data).map_err(|error| Error::InvalidRule(error.to_string()))?)
    }

    /// Returns the type, and its data as JSON text.
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

/// Creates the documented `rule_update` event.
pub(crate) fn rule_update_event(
    project_id: &str,
    action: &str,
    rule: &StoredRule,
    at: Micros,
) -> Result<EventDraft, Error> {
    #[derive(Serialize)]
    struct RuleUpdatePayload<'a> {
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
    let payload = RuleUpdatePayload {
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
