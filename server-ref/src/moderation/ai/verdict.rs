//! The model's verdict, and the decision that follows from it.

use serde::Deserialize;

use super::super::rule::Action;
use super::super::{Decision, Moderator};
use crate::store::Status;

/// Confidence below which an item is flagged, regardless of the model's decision.
const TRUSTED_CONFIDENCE_MIN: f64 = 0.3;
/// Confidence below which a rejection is reduced to a flag.
const REJECTION_CONFIDENCE_MIN: f64 = 0.6;
/// Maximum length of the model's reason in results, in characters.
const REASON_CHARS_MAX: usize = 1000;
/// Maximum number of the model's categories in results.
const CATEGORIES_MAX: usize = 20;

/// The model's answer, parsed from JSON.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Verdict {
    decision: Action,
    confidence: f64,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    categories: Vec<String>,
}

impl Verdict {
    /// Parses the text between the outermost braces, because some models surround the JSON with prose or a code fence.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let json = text.get(text.find('{')?..=text.rfind('}')?)?;
        let mut verdict: Self = serde_json::from_str(json).ok()?;
        if !(0.0..=1.0).contains(&verdict.confidence) {
            return None;
        }
        verdict.reason = verdict.reason.chars().take(REASON_CHARS_MAX).collect();
        verdict.categories.truncate(CATEGORIES_MAX);
        Some(verdict)
    }

    /// Returns the decision for a rule with this action. If the model rejects an item with enough confidence, the rule's action applies,
    /// even if this action flags or approves the item.
    pub(super) fn decision_for_action(&self, action: Action) -> Decision {
        let status = match self.decision {
            _ if self.confidence < TRUSTED_CONFIDENCE_MIN => Status::Flagged,
            Action::Approve => Status::Approved,
            Action::Flag => Status::Flagged,
            Action::Reject if self.confidence < REJECTION_CONFIDENCE_MIN => Status::Flagged,
            Action::Reject => action.status(),
        };
        let decision = Decision::new(Moderator::Ai, status, self.confidence, self.reason.clone());
        Decision { categories: self.categories.clone(), ..decision }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decision_depends_on_the_confidence() {
        for (decision, confidence, action, expected) in [
            ("approved", 0.9, Action::Reject, Status::Approved),
            ("approved", 0.3, Action::Reject, Status::Approved),
            ("approved", 0.29, Action::Reject, Status::Flagged),
            ("rejected", 0.6, Action::Reject, Status::Rejected),
            ("reject", 0.95, Action::Reject, Status::Rejected),
            ("rejected", 0.59, Action::Reject, Status::Flagged),
            ("rejected", 0.3, Action::Reject, Status::Flagged),
            ("rejected", 0.1, Action::Reject, Status::Flagged),
            ("rejected", 0.9, Action::Flag, Status::Flagged),
            ("rejected", 0.9, Action::Approve, Status::Approved),
            ("flagged", 0.9, Action::Reject, Status::Flagged),
        ] {
            let json = format!(r#"{{"decision":"{decision}","confidence":{confidence}}}"#);
            let decision = Verdict::parse(&json).unwrap().decision_for_action(action);
            assert_eq!(decision.status, expected, "{json} {action:?}");
        }
    }

    #[test]
    fn incomplete_answers_are_rejected() {
        let fenced =
            "```json\n{\"decision\":\"rejected\",\"confidence\":1,\"reason\":\"r\",\"categories\":[\"c\"]}\n```";
        let verdict = Verdict::parse(fenced).unwrap();
        assert_eq!((verdict.reason.as_str(), verdict.categories), ("r", vec!["c".to_owned()]));
        for bad in [
            "",
            "}{",
            "no",
            "{}",
            r#"{"decision":"maybe","confidence":1}"#,
            r#"{"decision":"approved"}"#,
            r#"{"decision":"approved","confidence":7}"#,
            r#"{"decision":"approved","confidence":"high"}"#,
        ] {
            assert_eq!(Verdict::parse(bad), None, "{bad}");
        }
    }
}
