//! The effect of a group of changes on project counts, author statistics and event logs, computed without a database.
//!
//! The caller reads the affected rows, applies the changes one by one, and writes the rows back. The rows of projects and authors
//! are thus read and written once per group instead of once per change.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::author_stats::AuthorStats;
use super::{
    EventDraft, IdempotencyRecord, LoggedEvent, Mutation, ProjectChange, Status, StatusCounts, StoredRule,
    notification_event, rule_audit_state,
};
use crate::Error;
use crate::time::Micros;

/// The counters in a project's row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProjectTotals {
    /// The id of the project's newest event, or 0 if nothing has ever been logged.
    pub(crate) head: i64,
    pub(crate) counts: StatusCounts,
}

/// The id of a project, and the id of an author in that project.
pub(crate) type ProjectAuthor = (Arc<str>, Arc<str>);

/// The id of a project, and an idempotency key used in that project.
pub(crate) type IdempotencyId = (Arc<str>, Arc<str>);

/// The outcome of a change that did not fail.
#[derive(Debug)]
pub(crate) enum ApplyOutcome {
    /// The change was applied and produced these events.
    New(Vec<LoggedEvent>),
    /// The change repeats an earlier change, which received this answer.
    Repeated(String),
}

/// The rows that a group of changes affects.
#[derive(Debug, Default)]
pub(crate) struct CommitState {
    pub(crate) projects: HashMap<Arc<str>, ProjectTotals>,
    pub(crate) authors: HashMap<ProjectAuthor, AuthorStats>,
    /// The latest decision about each item that the group reviews, with its time. The keys are item ids.
    pub(crate) latest_decisions: HashMap<String, (Status, Micros)>,
    /// The current states of the rules that the group changes, for the audit log. Each key is a pair of a project id and a rule id.
    pub(crate) rule_audit_states: HashMap<(Arc<str>, String), Value>,
    /// The idempotency keys in the group that have already been used.
    pub(crate) used_idempotency_keys: HashMap<IdempotencyId, IdempotencyRecord>,
    /// The length of the review queue above which a project receives a warning. 0 disables the warning.
    pub(crate) review_warning_threshold: i64,
}

impl CommitState {
    /// Applies a change, unless it repeats an earlier one with the same idempotency key.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the target of the change does not exist, or [`Error::IdempotencyMismatch`] if the change's
    /// idempotency key was used for another request. In both cases, `self` is unchanged, so the rest of the group can still be
    /// committed.
    pub(crate) fn apply(&mut self, change: &ProjectChange) -> Result<ApplyOutcome, Error> {
        if let Some(answer) = self.earlier_answer(change)? {
            return Ok(ApplyOutcome::Repeated(answer));
        }
        self.check_and_update_target(change)?;
        let flagged_before = self.project_totals(change)?.counts.flagged;
        let replaced_status = self.replaced_status(change);
        let activity = self.count_decision(change)?;
        let warning = self.review_queue_warning(change, flagged_before)?;
        let totals = self.project_totals(change)?;
        let mut events = Vec::new();
        let own_event = change.event.iter().map(|draft| (draft, replaced_status));
        for (draft, replaced_status) in own_event.chain(activity.iter().chain(&warning).map(|draft| (draft, None))) {
            totals.head += 1;
            events.push(LoggedEvent {
                project_id: change.project_id.clone(),
                event_id: totals.head,
                name: draft.name,
                data: complete_payload(&draft.payload, replaced_status, totals.head)?.into(),
            });
        }
        if let (Some(id), Some(record)) = (change.idempotency_id(), &change.idempotency) {
            self.used_idempotency_keys.insert(id, IdempotencyRecord::clone(record));
        }
        Ok(ApplyOutcome::New(events))
    }

    /// Returns the answer to an earlier change with the same idempotency key, or `None` if there is no such change.
    fn earlier_answer(&self, change: &ProjectChange) -> Result<Option<String>, Error> {
        let (Some(id), Some(record)) = (change.idempotency_id(), &change.idempotency) else {
            return Ok(None);
        };
        self.used_idempotency_keys.get(&id).map(|earlier| earlier.replay(&record.key)).transpose()
    }

    /// Returns the state that the change will replace or delete, for the audit log.
    pub(crate) fn audit_state_before(&self, change: &ProjectChange) -> Option<Value> {
        match &change.mutation {
            Mutation::Reviewed(_) => self.replaced_status(change).map(|status| json!({"status": status.as_str()})),
            Mutation::RuleUpdated(StoredRule { id, .. }) | Mutation::RuleDeleted(id) => {
                self.rule_audit_states.get(&(change.project_id.clone(), id.clone())).cloned()
            }
            Mutation::Nothing
            | Mutation::Moderated(_)
            | Mutation::RuleCreated(_)
            | Mutation::NotificationCreated(_) => None,
        }
    }

    /// Returns the status that a review replaces.
    fn replaced_status(&self, change: &ProjectChange) -> Option<Status> {
        match &change.mutation {
            Mutation::Reviewed(review) => self.latest_decisions.get(&review.content_id).map(|(status, _)| *status),
            _ => None,
        }
    }

    /// Checks that the target of the change exists. Updates the rule states, so that the second of two deletions of a rule in the same
    /// group fails.
    fn check_and_update_target(&mut self, change: &ProjectChange) -> Result<(), Error> {
        self.project_totals(change)?;
        let rule = |id: &String| (change.project_id.clone(), id.clone());
        let (exists, what) = match &change.mutation {
            Mutation::Reviewed(review) => (self.latest_decisions.contains_key(&review.content_id), "Content"),
            Mutation::RuleUpdated(updated) => match self.rule_audit_states.get_mut(&rule(&updated.id)) {
                Some(state) => {
                    *state = rule_audit_state(updated);
                    (true, "Rule")
                }
                None => (false, "Rule"),
            },
            Mutation::RuleDeleted(id) => (self.rule_audit_states.remove(&rule(id)).is_some(), "Rule"),
            Mutation::RuleCreated(created) => {
                self.rule_audit_states.insert(rule(&created.id), rule_audit_state(created));
                (true, "Rule")
            }
            Mutation::Nothing | Mutation::Moderated(_) | Mutation::NotificationCreated(_) => (true, ""),
        };
        if exists { Ok(()) } else { Err(Error::NotFound(what)) }
    }

    fn project_totals(&mut self, change: &ProjectChange) -> Result<&mut ProjectTotals, Error> {
        self.projects.get_mut(&change.project_id).ok_or(Error::NotFound("Project"))
    }

    /// Counts the change's decision, if the change contains one, and returns the `user_activity` event about the item's author, if
    /// the item has one.
    fn count_decision(&mut self, change: &ProjectChange) -> Result<Option<EventDraft>, Error> {
        let Some((content_id, status)) = change.decision() else {
            return Ok(None);
        };
        let before = match &change.mutation {
            Mutation::Reviewed(_) => self.latest_decisions.insert(content_id.to_owned(), (status, change.at)),
            _ => None,
        };
        let counts = &mut self.project_totals(change)?.counts;
        counts.add(status, 1);
        if let Some((status, _)) = before {
            counts.add(status, -1);
        }
        let Some(author_id) = change.author_id() else {
            return Ok(None);
        };
        let author = self.authors.entry((change.project_id.clone(), author_id.clone())).or_default();
        match before {
            Some(before) => author.replace_decision(before, status, change.at),
            None => author.count_submission(status, change.at),
        }
        author.activity_event(&change.project_id, author_id, content_id, change.at).map(Some)
    }

    /// Returns a warning if the change makes the review queue exceed its limit. A queue that was already above the limit causes no
    /// further warning.
    fn review_queue_warning(
        &mut self,
        change: &ProjectChange,
        flagged_before: i64,
    ) -> Result<Option<EventDraft>, Error> {
        let (limit, flagged) = (self.review_warning_threshold, self.project_totals(change)?.counts.flagged);
        if limit == 0 || flagged_before > limit || flagged <= limit {
            return Ok(None);
        }
        let message = format!("{flagged} items are waiting for review.");
        notification_event(&change.project_id, None, "warning", &message, change.at).map(Some)
    }
}

/// Adds to a JSON object the fields that are known only when the change is applied: `event_id` and, for a review, `previous_status`.
fn complete_payload(object: &str, replaced_status: Option<Status>, id: i64) -> Result<Box<RawValue>, Error> {
    let open =
        object.strip_suffix('}').ok_or_else(|| Error::Internal("an event's payload must be an object".into()))?;
    let comma = if open.ends_with('{') { "" } else { "," };
    let previous =
        replaced_status.map(|status| format!("\"previous_status\":\"{}\",", status.as_str())).unwrap_or_default();
    RawValue::from_string(format!("{open}{comma}{previous}\"event_id\":{id}}}"))
        .map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_id_and_the_previous_status_are_added_to_the_payload() {
        assert_eq!(complete_payload("{}", None, 7).unwrap().get(), r#"{"event_id":7}"#);
        assert_eq!(complete_payload(r#"{"a":1}"#, None, 8).unwrap().get(), r#"{"a":1,"event_id":8}"#);
        let reviewed = complete_payload(r#"{"a":1}"#, Some(Status::Flagged), 9).unwrap();
        assert_eq!(reviewed.get(), r#"{"a":1,"previous_status":"flagged","event_id":9}"#);
        assert!(complete_payload("[]", None, 9).is_err());
    }

    fn events_of(applied: ApplyOutcome) -> Vec<LoggedEvent> {
        match applied {
            ApplyOutcome::New(events) => events,
            ApplyOutcome::Repeated(answer) => panic!("{answer}"),
        }
    }

    #[test]
    fn a_rule_can_be_deleted_only_once() {
        let id: Arc<str> = "p".into();
        let mut commit_state = CommitState::default();
        commit_state.projects.insert(id.clone(), ProjectTotals::default());
        commit_state.rule_audit_states.insert((id.clone(), "r".into()), Value::Null);
        let draft = EventDraft { name: "rule_update", payload: "{}".into() };
        let delete = ProjectChange {
            project_id: id,
            at: 0,
            mutation: Mutation::RuleDeleted("r".into()),
            event: Some(draft),
            audit: None,
            idempotency: None,
        };
        assert_eq!(events_of(commit_state.apply(&delete).unwrap()).len(), 1);
        assert!(matches!(commit_state.apply(&delete), Err(Error::NotFound("Rule"))));
        assert_eq!(commit_state.projects["p"].head, 1);
    }

    #[test]
    fn event_ids_are_consecutive_and_unknown_projects_are_refused() {
        let id: Arc<str> = "p".into();
        let mut commit_state = CommitState::default();
        let change = |draft| ProjectChange {
            project_id: id.clone(),
            at: 0,
            mutation: Mutation::Nothing,
            event: draft,
            audit: None,
            idempotency: None,
        };
        let draft = EventDraft { name: "x", payload: "{}".into() };
        assert!(matches!(commit_state.apply(&change(None)), Err(Error::NotFound(_))));
        commit_state.projects.insert(id.clone(), ProjectTotals { head: 4, ..ProjectTotals::default() });
        assert!(events_of(commit_state.apply(&change(None)).unwrap()).is_empty());
        for expected in [5, 6] {
            let events = events_of(commit_state.apply(&change(Some(draft.clone()))).unwrap());
            assert_eq!(events.iter().map(|event| event.event_id).collect::<Vec<_>>(), [expected]);
        }
    }
}
