//! Decisions about items, and their representations in the store, in replies and in events.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rule::Action;
use crate::Error;
use crate::store::{EventDraft, Status, StoredRule};
use crate::time::{Micros, rfc3339};

/// Maximum length of the text preview in events, in code points.
const PREVIEW_CHARS_MAX: usize = 100;

/// The source of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moderator {
    Rule,
    Ai,
    /// A person, or a program with an API key, identified by name.
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

/// A decision about an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) moderator: Moderator,
    pub(crate) status: Status,
    /// A number from 0 to 1.
    pub(crate) confidence: f64,
    pub(crate) reason: String,
    pub(crate) categories: Vec<String>,
    /// The rule that decided, if any.
    pub(crate) rule: Option<RuleLabel>,
}

/// The description of a rule in moderation results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleLabel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
}

impl RuleLabel {
    pub(super) fn of(rule: &StoredRule) -> Self {
        Self { id: rule.id.clone(), name: rule.name.clone(), kind: rule.kind.clone() }
    }
}

impl Decision {
    pub(super) fn matched(rule: &RuleLabel, action: Action, reason: String) -> Self {
        let decision = Self::new(Moderator::Rule, action.status(), 1.0, reason);
        Self { rule: Some(rule.clone()), ..decision }
    }

    pub(super) fn approve_unmatched() -> Self {
        Self::new(Moderator::Rule, Status::Approved, 1.0, "No rule matched".into())
    }

    pub(super) fn new(moderator: Moderator, status: Status, confidence: f64, reason: String) -> Self {
        Self { moderator, status, confidence, reason, categories: Vec::new(), rule: None }
    }

    /// Returns the decision's entry in `moderation_results` as JSON text. `processing_time` is given in seconds.
    pub(crate) fn result_json(&self, processing_time: f64) -> Result<String, Error> {
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
            category_scores: EmptyObject,
        }
        #[derive(Serialize)]
        struct EmptyObject {}
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
            category_scores: EmptyObject {},
        })
    }
}

/// The data of a `moderation_update` event, except for the decision.
#[derive(Debug)]
pub(crate) struct ModerationUpdateWithoutDecision<'a> {
    pub(crate) project_id: &'a str,
    pub(crate) content_id: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) content: &'a str,
    pub(crate) meta_data: Option<&'a RawValue>,
    pub(crate) results_count: usize,
    /// The time taken to decide, in seconds.
    pub(crate) processing_time: f64,
    pub(crate) at: Micros,
}

impl ModerationUpdateWithoutDecision<'_> {
    /// Creates the documented `moderation_update` event. Its `rule_name` is null if no rule led to the decision, as for reviews and for
    /// items that no rule matched.
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
        let empty = empty_object()?;
        // A prompt that approves an item counts as a rule that did not match.
        let matched = decision.moderator != Moderator::Ai || decision.status != Status::Approved;
        let payload = UpdatePayload {
            content_id: self.content_id,
            project_id: self.project_id,
            status: decision.status,
            content_type: self.content_type,
            content_preview: &preview(self.content),
            meta_data: self.meta_data.unwrap_or(empty),
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

/// Returns a short text unchanged. A text longer than [`PREVIEW_CHARS_MAX`] code points is cut to this length, and `...` is appended.
fn preview(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(PREVIEW_CHARS_MAX) {
        None => text.into(),
        Some((end, _)) => format!("{}...", &text[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_previews_is_measured_in_code_points() {
        let exact = "ä".repeat(100);
        assert_eq!(preview(&exact), exact);
        assert_eq!(preview(&"ä".repeat(101)), format!("{exact}..."));
        assert_eq!(preview(""), "");
    }

    #[test]
    fn an_update_has_exactly_the_documented_fields() {
        let update = ModerationUpdateWithoutDecision {
            project_id: "p",
            content_id: "c",
            content_type: "text",
            content: "<b>\"hi\"</b>",
            meta_data: None,
            results_count: 1,
            processing_time: 0.25,
            at: 0,
        };
        let draft = update.event(&Decision::approve_unmatched()).unwrap();
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
