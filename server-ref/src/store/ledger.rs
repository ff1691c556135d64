//! The effect of a group of changes on the projects' counts, authors and logs: arithmetic, for any database.
//!
//! The database reads the rows that are concerned, the changes are applied here one by one, and the rows are written back: once
//! per row and group, not per change.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::activity::Author;
use super::notice;
use super::{Change, Counts, Deed, Draft, LoggedEvent, Status, StoredRule, rule_state};
use crate::Error;
use crate::time::Micros;

/// A project's row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProjectTotals {
    /// The newest event id.
    pub(crate) head: i64,
    pub(crate) counts: Counts,
}

/// A project and an author in it.
pub(crate) type Authorship = (Arc<str>, Arc<str>);

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) projects: HashMap<Arc<str>, ProjectTotals>,
    pub(crate) authors: HashMap<Authorship, Author>,
    /// The decisions that reviews replace, and when they were made.
    pub(crate) before: HashMap<String, (Status, Micros)>,
    /// The rules that are changed or deleted, of those that exist, as the audit log shows them.
    pub(crate) rules: HashMap<(Arc<str>, String), Value>,
    /// The number of items in the review queue above which a warning is sent; 0: any number.
    pub(crate) queue_limit: i64,
}

impl Ledger {
    /// The events of a change, numbered. After an error nothing is different: such a change fails by itself.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<Vec<LoggedEvent>, Error> {
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
        Ok(events)
    }

    /// The state that the change will replace or delete, for the audit log.
    pub(crate) fn state_before(&self, change: &Change) -> Option<Value> {
        match &change.deed {
            Deed::Reviewed(review) => {
                self.before.get(&review.content_id).map(|(status, _)| json!({"status": status.as_str()}))
            }
            Deed::RuleUpdated(StoredRule { id, .. }) | Deed::RuleDeleted(id) => {
                self.rules.get(&(change.project_id.clone(), id.clone())).cloned()
            }
            Deed::Nothing | Deed::Moderated(_) | Deed::RuleCreated(_) | Deed::Notified(_) => None,
        }
    }

    /// True if the target of the change exists. Deleting a rule twice at once causes one event.
    fn check(&mut self, change: &Change) -> Result<(), Error> {
        self.totals(change)?;
        let rule = |id: &String| (change.project_id.clone(), id.clone());
        let (exists, what) = match &change.deed {
            Deed::Reviewed(review) => (self.before.contains_key(&review.content_id), "Content"),
            Deed::RuleUpdated(updated) => match self.rules.get_mut(&rule(&updated.id)) {
                Some(state) => {
                    *state = rule_state(updated);
                    (true, "Rule")
                }
                None => (false, "Rule"),
            },
            Deed::RuleDeleted(id) => (self.rules.remove(&rule(id)).is_some(), "Rule"),
            Deed::RuleCreated(created) => {
                self.rules.insert(rule(&created.id), rule_state(created));
                (true, "Rule")
            }
            Deed::Nothing | Deed::Moderated(_) | Deed::Notified(_) => (true, ""),
        };
        if exists { Ok(()) } else { Err(Error::NotFound(what)) }
    }

    fn totals(&mut self, change: &Change) -> Result<&mut ProjectTotals, Error> {
        self.projects.get_mut(&change.project_id).ok_or(Error::NotFound("Project"))
    }

    /// Counts the decision, and tells what it means for its author.
    fn count(&mut self, change: &Change) -> Result<Option<Draft>, Error> {
        let Some((content_id, status)) = change.decision() else {
            return Ok(None);
        };
        let before = match &change.deed {
            Deed::Reviewed(_) => self.before.insert(content_id.to_owned(), (status, change.at)),
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

    /// Once per crossing: when the queue becomes longer than the limit, not while it stays so.
    fn warning(&mut self, change: &Change, waited: i64) -> Result<Option<Draft>, Error> {
        let (limit, waiting) = (self.queue_limit, self.totals(change)?.counts.flagged);
        if limit == 0 || waited > limit || waiting <= limit {
            return Ok(None);
        }
        let message = format!("{waiting} contents are waiting for a review.");
        notice::event(&change.project_id, None, "warning", &message, change.at).map(Some)
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

    #[test]
    fn a_rule_is_deleted_once() {
        let id: Arc<str> = "p".into();
        let mut ledger = Ledger::default();
        ledger.projects.insert(id.clone(), ProjectTotals::default());
        ledger.rules.insert((id.clone(), "r".into()), Value::Null);
        let draft = Draft { name: "rule_update", payload: "{}".into() };
        let delete =
            Change { project_id: id, at: 0, deed: Deed::RuleDeleted("r".into()), event: Some(draft), audit: None };
        assert_eq!(ledger.apply(&delete).unwrap().len(), 1);
        assert!(matches!(ledger.apply(&delete), Err(Error::NotFound("Rule"))));
        assert_eq!(ledger.projects["p"].head, 1);
    }

    #[test]
    fn ids_have_no_holes_and_unknown_projects_none() {
        let id: Arc<str> = "p".into();
        let mut ledger = Ledger::default();
        let change = |draft| Change { project_id: id.clone(), at: 0, deed: Deed::Nothing, event: draft, audit: None };
        let draft = Draft { name: "x", payload: "{}".into() };
        assert!(matches!(ledger.apply(&change(None)), Err(Error::NotFound(_))));
        ledger.projects.insert(id.clone(), ProjectTotals { head: 4, ..ProjectTotals::default() });
        assert!(ledger.apply(&change(None)).unwrap().is_empty());
        for expected in [5, 6] {
            let events = ledger.apply(&change(Some(draft.clone()))).unwrap();
            assert_eq!(events.iter().map(|event| event.event_id).collect::<Vec<_>>(), [expected]);
        }
    }
}
