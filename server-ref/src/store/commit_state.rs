//! The effect of a group of changes on the projects' counts, authors and logs: arithmetic, for any database.
//!
//! The database reads the affected rows, the changes are applied here one by one, and the rows are written back: once per row and
//! group, not per change.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::author_stats::AuthorStats;
use super::notifications;
use super::{
    EventDraft, IdempotencyRecord, LoggedEvent, Mutation, ProjectChange, Status, StatusCounts, StoredRule, rule_state,
};
use crate::Error;
use crate::time::Micros;

/// A project's row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProjectTotals {
    /// The newest event id.
    pub(crate) head: i64,
    pub(crate) counts: StatusCounts,
}

/// A project and an author in it.
pub(crate) type Authorship = (Arc<str>, Arc<str>);

/// A project and an idempotency key in it.
pub(crate) type IdempotencyId = (Arc<str>, Arc<str>);

/// The outcome of a change that did not fail.
#[derive(Debug)]
pub(crate) enum Applied {
    /// The events of the change, numbered.
    New(Vec<LoggedEvent>),
    /// A change with the same idempotency key was made before: its answer.
    Repeated(String),
}

/// The rows that a group of changes affects.
#[derive(Debug, Default)]
pub(crate) struct CommitState {
    pub(crate) projects: HashMap<Arc<str>, ProjectTotals>,
    pub(crate) authors: HashMap<Authorship, AuthorStats>,
    /// The decisions that reviews replace, and their times.
    pub(crate) before: HashMap<String, (Status, Micros)>,
    /// The rules that are changed or deleted, of those that exist, as the audit log shows them.
    pub(crate) rules: HashMap<(Arc<str>, String), Value>,
    /// The idempotency keys that were used before.
    pub(crate) used_keys: HashMap<IdempotencyId, IdempotencyRecord>,
    /// The number of items in the review queue above which a warning is sent; 0: any number.
    pub(crate) queue_limit: i64,
}

impl CommitState {
    /// Applies a change, unless it repeats one. An error leaves the state as it was: the change fails alone.
    pub(crate) fn apply(&mut self, change: &ProjectChange) -> Result<Applied, Error> {
        if let Some(answer) = self.earlier_answer(change)? {
            return Ok(Applied::Repeated(answer));
        }
        self.check(change)?;
        let waiting = self.totals(change)?.counts.flagged;
        let activity = self.count(change)?;
        let warning = self.warning(change, waiting)?;
        let totals = self.totals(change)?;
        let mut events = Vec::new();
        for draft in change.event.iter().chain(&activity).chain(&warning) {
            totals.head += 1;
            events.push(LoggedEvent {
                project_id: change.project_id.clone(),
                event_id: totals.head,
                name: draft.name,
                data: with_event_id(&draft.payload, totals.head)?.into(),
            });
        }
        if let (Some(id), Some(record)) = (change.idempotency_id(), &change.idempotency) {
            self.used_keys.insert(id, IdempotencyRecord::clone(record));
        }
        Ok(Applied::New(events))
    }

    /// The answer to an earlier change with the same idempotency key.
    fn earlier_answer(&self, change: &ProjectChange) -> Result<Option<String>, Error> {
        let (Some(id), Some(record)) = (change.idempotency_id(), &change.idempotency) else {
            return Ok(None);
        };
        self.used_keys.get(&id).map(|earlier| earlier.replay(&record.key)).transpose()
    }

    /// The state that the change will replace or delete, for the audit log.
    pub(crate) fn state_before(&self, change: &ProjectChange) -> Option<Value> {
        match &change.mutation {
            Mutation::Reviewed(review) => {
                self.before.get(&review.content_id).map(|(status, _)| json!({"status": status.as_str()}))
            }
            Mutation::RuleUpdated(StoredRule { id, .. }) | Mutation::RuleDeleted(id) => {
                self.rules.get(&(change.project_id.clone(), id.clone())).cloned()
            }
            Mutation::Nothing | Mutation::Moderated(_) | Mutation::RuleCreated(_) | Mutation::Notified(_) => None,
        }
    }

    /// Fails if the target of the change does not exist. Two concurrent deletions of a rule cause one event.
    fn check(&mut self, change: &ProjectChange) -> Result<(), Error> {
        self.totals(change)?;
        let rule = |id: &String| (change.project_id.clone(), id.clone());
        let (exists, what) = match &change.mutation {
            Mutation::Reviewed(review) => (self.before.contains_key(&review.content_id), "Content"),
            Mutation::RuleUpdated(updated) => match self.rules.get_mut(&rule(&updated.id)) {
                Some(state) => {
                    *state = rule_state(updated);
                    (true, "Rule")
                }
                None => (false, "Rule"),
            },
            Mutation::RuleDeleted(id) => (self.rules.remove(&rule(id)).is_some(), "Rule"),
            Mutation::RuleCreated(created) => {
                self.rules.insert(rule(&created.id), rule_state(created));
                (true, "Rule")
            }
            Mutation::Nothing | Mutation::Moderated(_) | Mutation::Notified(_) => (true, ""),
        };
        if exists { Ok(()) } else { Err(Error::NotFound(what)) }
    }

    fn totals(&mut self, change: &ProjectChange) -> Result<&mut ProjectTotals, Error> {
        self.projects.get_mut(&change.project_id).ok_or(Error::NotFound("Project"))
    }

    /// Counts the decision, and returns the event about its author.
    fn count(&mut self, change: &ProjectChange) -> Result<Option<EventDraft>, Error> {
        let Some((content_id, status)) = change.decision() else {
            return Ok(None);
        };
        let before = match &change.mutation {
            Mutation::Reviewed(_) => self.before.insert(content_id.to_owned(), (status, change.at)),
            _ => None,
        };
        let counts = &mut self.totals(change)?.counts;
        counts.add(status, 1);
        if let Some((status, _)) = before {
            counts.add(status, -1);
        }
        let Some(name) = change.author() else {
            return Ok(None);
        };
        let author = self.authors.entry((change.project_id.clone(), name.clone())).or_default();
        match before {
            Some(before) => author.reviewed(before, status, change.at),
            None => author.submitted(status, change.at),
        }
        author.event(&change.project_id, name, content_id, change.at).map(Some)
    }

    /// A warning when the review queue grows beyond the limit, once per crossing.
    fn warning(&mut self, change: &ProjectChange, waited: i64) -> Result<Option<EventDraft>, Error> {
        let (limit, waiting) = (self.queue_limit, self.totals(change)?.counts.flagged);
        if limit == 0 || waited > limit || waiting <= limit {
            return Ok(None);
        }
        let message = format!("{waiting} items are waiting for a review.");
        notifications::event(&change.project_id, None, "warning", &message, change.at).map(Some)
    }
}

/// Adds the id to an object that was serialised before it was known.
fn with_event_id(object: &str, id: i64) -> Result<Box<RawValue>, Error> {
    let open =
        object.strip_suffix('}').ok_or_else(|| Error::Internal("an event's payload must be an object".into()))?;
    let comma = if open.ends_with('{') { "" } else { "," };
    RawValue::from_string(format!("{open}{comma}\"event_id\":{id}}}"))
        .map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_joins_the_object() {
        assert_eq!(with_event_id("{}", 7).unwrap().get(), r#"{"event_id":7}"#);
        assert_eq!(with_event_id(r#"{"a":1}"#, 8).unwrap().get(), r#"{"a":1,"event_id":8}"#);
        assert!(with_event_id("[]", 9).is_err());
    }

    fn events_of(applied: Applied) -> Vec<LoggedEvent> {
        match applied {
            Applied::New(events) => events,
            Applied::Repeated(answer) => panic!("{answer}"),
        }
    }

    #[test]
    fn a_rule_is_deleted_once() {
        let id: Arc<str> = "p".into();
        let mut commit_state = CommitState::default();
        commit_state.projects.insert(id.clone(), ProjectTotals::default());
        commit_state.rules.insert((id.clone(), "r".into()), Value::Null);
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
    fn ids_have_no_holes_and_unknown_projects_none() {
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
