//! A decision, and its form in the store, in answers and in events.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rule::Action;
use crate::Error;
use crate::store::{EventDraft, Status, StoredRule};
use crate::time::{Micros, rfc3339};

/// The most code points of a text that events show.
const PREVIEW_CHARS: usize = 100;

/// The decider: a rule, the model, or a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moderator {
    Rule,
    Ai,
    /// A person, or a program with a key: by name.
    Manual(String),
}

impl Moderator {
    fn kind(&self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Ai => "ai",
            Self::Manual(_) => "manual",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Rule => "Rule",
            Self::Ai => "AI",
            Self::Manual(name) => name,
        }
    }
}

/// The decision and its rule (none: nothing matched, or a person decided).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) moderator: Moderator,
    pub(crate) status: Status,
    pub(crate) confidence: f64,
    pub(crate) reason: String,
    pub(crate) categories: Vec<String>,
    pub(crate) rule: Option<RuleName>,
}

/// A rule's name in results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleName {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
}

impl RuleName {
    pub(super) fn of(rule: &StoredRule) -> Self {
        Self { id: rule.id.clone(), name: rule.name.clone(), kind: rule.kind.clone() }
    }
}

impl Decision {
    pub(super) fn matched(rule: &RuleName, action: Action, reason: String) -> Self {
        let decision = Self::new(Moderator::Rule, action.status(), 1.0, reason);
        Self { rule: Some(rule.clone()), ..decision }
    }

    pub(super) fn unmatched() -> Self {
        Self::new(Moderator::Rule, Status::Approved, 1.0, "No rule matched".into())
    }

    pub(super) fn new(moderator: Moderator, status: Status, confidence: f64, reason: String) -> Self {
        Self { moderator, status, confidence, reason, categories: Vec::new(), rule: None }
    }

    /// The entry of `moderation_results`, as JSON text.
    pub(crate) fn result(&self, processing_time: f64) -> Result<String, Error> {
        #[derive(Serialize)]
        struct ResultEntry<'a> {
            decision: Status,
            confidence: f64,
            reason: &'a str,
            moderator_type: &'a str,
            moderator_name: &'a str,
            rule_id: Option<&'a str>,
            rule_name: Option<&'a str>,
            rule_type: Option<&'a str>,
            processing_time: f64,
            categories: &'a [String],
            category_scores: Empty,
        }
        #[derive(Serialize)]
        struct Empty {}
        let rule = self.rule.as_ref();
        to_json(&ResultEntry {
            decision: self.status,
            confidence: self.confidence,
            reason: &self.reason,
            moderator_type: self.moderator.kind(),
            moderator_name: self.moderator.name(),
            rule_id: rule.map(|rule| &*rule.id),
            rule_name: rule.map(|rule| &*rule.name),
            rule_type: rule.map(|rule| &*rule.kind),
            processing_time,
            categories: &self.categories,
            category_scores: Empty {},
        })
    }
}

/// The data of a `moderation_update` in addition to the decision.
#[derive(Debug)]
pub(crate) struct ModerationUpdate<'a> {
    pub(crate) project_id: &'a str,
    pub(crate) content_id: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) content: &'a str,
    pub(crate) meta_data: Option<&'a RawValue>,
    pub(crate) results_count: usize,
    pub(crate) processing_time: f64,
    pub(crate) at: Micros,
}

impl ModerationUpdate<'_> {
    /// The documented event. `rule_name` is null when no rule matched.
    pub(crate) fn event(&self, decision: &Decision) -> Result<EventDraft, Error> {
        #[derive(Serialize)]
        struct UpdatePayload<'a> {
            content_id: &'a str,
            project_id: &'a str,
            status: Status,
            content_type: &'a str,
            content_preview: &'a str,
            meta_data: &'a RawValue,
            results_count: usize,
            processing_time: f64,
            moderator_type: &'a str,
            moderator_name: &'a str,
            rule_name: Option<&'a str>,
            timestamp: String,
        }
        let nothing = empty_object()?;
        // A prompt without objection did not match.
        let matched = decision.moderator != Moderator::Ai || decision.status != Status::Approved;
        let payload = UpdatePayload {
            content_id: self.content_id,
            project_id: self.project_id,
            status: decision.status,
            content_type: self.content_type,
            content_preview: &preview(self.content),
            meta_data: self.meta_data.unwrap_or(nothing),
            results_count: self.results_count,
            processing_time: self.processing_time,
            moderator_type: decision.moderator.kind(),
            moderator_name: decision.moderator.name(),
            rule_name: decision.rule.as_ref().filter(|_| matched).map(|rule| &*rule.name),
            timestamp: rfc3339(self.at),
        };
        EventDraft::new("moderation_update", &payload)
    }
}

fn empty_object() -> Result<&'static RawValue, Error> {
    serde_json::from_str("{}").map_err(|error| Error::Internal(error.to_string()))
}

fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

/// The text itself if it is short, else its first 100 code points and `...`.
fn preview(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(PREVIEW_CHARS) {
        None => text.into(),
        Some((end, _)) => format!("{}...", &text[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_count_code_points() {
        let exact = "ä".repeat(100);
        assert_eq!(preview(&exact), exact);
        assert_eq!(preview(&"ä".repeat(101)), format!("{exact}..."));
        assert_eq!(preview(""), "");
    }

    #[test]
    fn an_update_has_exactly_the_documented_fields() {
        let update = ModerationUpdate {
            project_id: "p",
            content_id: "c",
            content_type: "text",
            content: "<b>\"hi\"</b>",
            meta_data: None,
            results_count: 1,
            processing_time: 0.25,
            at: 0,
        };
        let draft = update.event(&Decision::unmatched()).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&draft.payload).unwrap(),
            serde_json::json!({
                "content_id": "c", "project_id": "p", "status": "approved", "content_type": "text",
                "content_preview": "<b>\"hi\"</b>", "meta_data": {}, "results_count": 1, "processing_time": 0.25,
                "moderator_type": "rule", "moderator_name": "Rule", "rule_name": null, "timestamp": "1970-01-01T00:00:00Z",
            })
        );
    }
}
