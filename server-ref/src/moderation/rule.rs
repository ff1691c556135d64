//! Rules as users write them, and as they are stored and published.

use serde::{Deserialize, Serialize};

use super::compiled;
use crate::Error;
use crate::ids::random_id;
use crate::store::{Draft, Status, StoredRule};
use crate::time::{Micros, rfc3339};

/// What a matching rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Lets the content pass.
    #[serde(alias = "approved")]
    Approve,
    /// Refuses the content.
    #[serde(alias = "rejected")]
    Reject,
    /// Marks the content for a human to look at.
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

    /// Both forms in use mean the same: `reject` and `rejected`.
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

/// What a rule looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleKind {
    /// Any of these words anywhere in the text.
    Keyword {
        /// The words; empty ones are ignored.
        keywords: Vec<String>,
        /// Whether `Spam` differs from `spam`.
        case_sensitive: bool,
    },
    /// A regular expression (without look-around and back-references, so that matching takes linear time).
    Regex {
        /// The pattern.
        pattern: String,
        /// Of `i` (any case), `m` (`^` and `$` match at lines), `s` (`.` matches newlines).
        flags: Vec<String>,
    },
}

/// A rule to be added to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Shown to people, and the `rule_name` of events.
    pub name: String,
    /// What it looks for.
    pub kind: RuleKind,
    /// What happens then.
    pub action: Action,
    /// Higher ones are tried first.
    pub priority: i64,
}

/// `data` of a keyword rule.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeywordData {
    pub(super) keywords: Vec<String>,
    #[serde(default)]
    pub(super) case_sensitive: bool,
}

/// `data` of a regex rule.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RegexData {
    pub(super) pattern: String,
    #[serde(default)]
    pub(super) flags: Vec<String>,
}

impl NewRule {
    /// Checks the rule by compiling it.
    pub(crate) fn into_stored(self) -> Result<StoredRule, Error> {
        let (kind, data) = match self.kind {
            RuleKind::Keyword { keywords, case_sensitive } => {
                let data = KeywordData { keywords, case_sensitive };
                ("keyword", serde_json::to_string(&data))
            }
            RuleKind::Regex { pattern, flags } => ("regex", serde_json::to_string(&RegexData { pattern, flags })),
        };
        let rule = StoredRule {
            id: random_id(),
            name: self.name,
            kind: kind.into(),
            data: data.map_err(|error| Error::Rule(error.to_string()))?,
            action: self.action.as_str().into(),
            priority: self.priority,
            is_active: true,
        };
        compiled::check(&rule)?;
        Ok(rule)
    }
}

/// The `rule_update` event.
pub(crate) fn rule_update(project_id: &str, action: &str, rule: &StoredRule, at: Micros) -> Result<Draft, Error> {
    #[derive(Serialize)]
    struct Payload<'a> {
        action: &'a str,
        rule: Rule<'a>,
        timestamp: String,
        project_id: &'a str,
    }
    #[derive(Serialize)]
    struct Rule<'a> {
        id: &'a str,
        name: &'a str,
        r#type: &'a str,
        is_active: bool,
        priority: i64,
        action: &'a str,
    }
    let payload = Payload {
        action,
        rule: Rule {
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
    Ok(Draft {
        name: "rule_update",
        payload: serde_json::to_string(&payload).map_err(|error| Error::Internal(error.to_string()))?,
    })
}
