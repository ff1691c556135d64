//! Changes to a project, and the result of their commit.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::commit_state::IdempotencyId;
use super::{AuditDraft, IdempotencyRecord, RecentDecision, Status, StatusCounts, StoredRule, SystemNotification};
use crate::Error;
use crate::time::Micros;

/// A change to a project. All its parts are committed together.
#[derive(Debug)]
pub(crate) struct ProjectChange {
    pub(crate) project_id: Arc<str>,
    pub(crate) at: Micros,
    pub(crate) mutation: Mutation,
    pub(crate) event: Option<EventDraft>,
    /// Audit log entry of the change. The commit adds the previous state.
    pub(crate) audit: Option<Box<AuditDraft>>,
    /// The caller's key and the answer: a change with the same key was made already, and is not made again.
    pub(crate) idempotency: Option<Box<IdempotencyRecord>>,
}

/// The effect of a change outside the event log.
#[derive(Debug)]
pub(crate) enum Mutation {
    /// None: the change only logs its event.
    Nothing,
    Moderated(NewContent),
    Reviewed(ContentReview),
    RuleCreated(StoredRule),
    RuleUpdated(StoredRule),
    /// Carries the rule's id.
    RuleDeleted(String),
    Notified(SystemNotification),
}

#[derive(Debug)]
pub(crate) struct NewContent {
    pub(crate) id: String,
    pub(crate) content_type: String,
    pub(crate) content_data: String,
    /// JSON text.
    pub(crate) meta_data: Option<String>,
    /// The `user_id` of the metadata.
    pub(crate) author: Option<Arc<str>>,
    /// The rule that decided.
    pub(crate) rule_id: Option<String>,
    pub(crate) status: Status,
    /// JSON texts.
    pub(crate) results: Vec<String>,
}

/// A person's decision about a stored item.
#[derive(Debug)]
pub(crate) struct ContentReview {
    pub(crate) content_id: String,
    pub(crate) author: Option<Arc<str>>,
    pub(crate) status: Status,
    /// JSON text.
    pub(crate) result: String,
}

/// An event that has no id yet. The payload is the JSON text of an object.
#[derive(Debug, Clone)]
pub(crate) struct EventDraft {
    pub(crate) name: &'static str,
    pub(crate) payload: String,
}

impl EventDraft {
    pub(crate) fn new(name: &'static str, payload: &impl Serialize) -> Result<Self, Error> {
        let payload = serde_json::to_string(payload).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self { name, payload })
    }
}

/// An event as it is in the log and on the wire: its JSON is written once.
#[derive(Debug, Clone)]
pub(crate) struct LoggedEvent {
    pub(crate) project_id: Arc<str>,
    pub(crate) event_id: i64,
    pub(crate) name: &'static str,
    pub(crate) data: Arc<RawValue>,
}

/// The result of one commit, in the order of ids.
#[derive(Debug, Default)]
pub(crate) struct EventBatch {
    pub(crate) events: Vec<LoggedEvent>,
    pub(crate) statistics: Vec<(Arc<str>, StatusCounts)>,
    pub(crate) recent: Vec<(Arc<str>, RecentDecision)>,
}

/// The part of a batch that concerns one project.
#[derive(Debug, Default)]
pub(crate) struct ProjectBatch {
    pub(crate) events: Vec<LoggedEvent>,
    /// Counts after the events, if the events changed them.
    pub(crate) counts: Option<StatusCounts>,
    pub(crate) recent: Vec<RecentDecision>,
}

impl EventBatch {
    pub(crate) fn by_project(self) -> HashMap<Arc<str>, ProjectBatch> {
        let mut parts: HashMap<Arc<str>, ProjectBatch> = HashMap::new();
        for event in self.events {
            parts.entry(event.project_id.clone()).or_default().events.push(event);
        }
        for (id, counts) in self.statistics {
            parts.entry(id).or_default().counts = Some(counts);
        }
        for (id, recent) in self.recent {
            parts.entry(id).or_default().recent.push(recent);
        }
        parts
    }
}

impl ProjectChange {
    /// The project and the idempotency key.
    pub(crate) fn idempotency_id(&self) -> Option<IdempotencyId> {
        Some((self.project_id.clone(), self.idempotency.as_ref()?.key.key.clone()))
    }

    /// The author of the decided item.
    pub(crate) fn author(&self) -> Option<&Arc<str>> {
        match &self.mutation {
            Mutation::Moderated(content) => content.author.as_ref(),
            Mutation::Reviewed(review) => review.author.as_ref(),
            _ => None,
        }
    }

    /// The id of the decided item, and the decision.
    pub(crate) fn decision(&self) -> Option<(&str, Status)> {
        match &self.mutation {
            Mutation::Moderated(content) => Some((&content.id, content.status)),
            Mutation::Reviewed(review) => Some((&review.content_id, review.status)),
            _ => None,
        }
    }

    /// Approximate size of the change, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let mutation = match &self.mutation {
            Mutation::Nothing | Mutation::RuleDeleted(_) | Mutation::Notified(_) => 0,
            Mutation::Moderated(content) => {
                let meta_data = content.meta_data.as_ref().map_or(0, String::len);
                content.content_data.len() + meta_data + content.results.iter().map(String::len).sum::<usize>()
            }
            Mutation::Reviewed(review) => review.result.len(),
            Mutation::RuleCreated(rule) | Mutation::RuleUpdated(rule) => rule.data.len(),
        };
        let answer = self.idempotency.as_ref().map_or(0, |record| record.answer.len());
        mutation + answer + self.event.as_ref().map_or(0, |event| event.payload.len())
    }

    pub(crate) fn content(&self) -> Option<&NewContent> {
        match &self.mutation {
            Mutation::Moderated(content) => Some(content),
            _ => None,
        }
    }
}
