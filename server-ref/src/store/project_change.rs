//! Changes to projects, and the result of committing them.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::commit_state::IdempotencyId;
use super::{AuditDraft, IdempotencyRecord, RecentDecision, Status, StatusCounts, StoredRule, SystemNotification};
use crate::Error;
use crate::time::Micros;

/// A change to a project. All parts of the change are committed together.
#[derive(Debug)]
pub(crate) struct ProjectChange {
    pub(crate) project_id: Arc<str>,
    pub(crate) at: Micros,
    pub(crate) mutation: Mutation,
    pub(crate) event: Option<EventDraft>,
    /// The audit log entry for the change. The commit fills in the previous state.
    pub(crate) audit: Option<Box<AuditDraft>>,
    /// The caller's idempotency key, with the answer that a repetition of the change receives.
    pub(crate) idempotency: Option<Box<IdempotencyRecord>>,
}

/// The effect of a change on data other than the event log.
#[derive(Debug)]
pub(crate) enum Mutation {
    /// No effect: the change writes only its event, audit log entry and idempotency key, if it has them.
    Nothing,
    Moderated(NewContent),
    Reviewed(ContentReview),
    RuleCreated(StoredRule),
    RuleUpdated(StoredRule),
    /// Deletes the rule with this id.
    RuleDeleted(String),
    /// Stores a persistent notification.
    NotificationCreated(SystemNotification),
}

#[derive(Debug)]
pub(crate) struct NewContent {
    pub(crate) id: String,
    pub(crate) content_type: String,
    pub(crate) content_data: String,
    /// The metadata as JSON text.
    pub(crate) meta_data: Option<String>,
    /// The `user_id` in the metadata.
    pub(crate) author_id: Option<Arc<str>>,
    /// The id of the rule that decided on the item.
    pub(crate) rule_id: Option<String>,
    pub(crate) status: Status,
    /// The entries of `moderation_results`, each as JSON text.
    pub(crate) moderation_results: Vec<String>,
}

/// A reviewer's decision about a stored item.
#[derive(Debug)]
pub(crate) struct ContentReview {
    pub(crate) content_id: String,
    pub(crate) author_id: Option<Arc<str>>,
    pub(crate) status: Status,
    /// The new entry of `moderation_results` as JSON text.
    pub(crate) moderation_result: String,
}

/// An event that does not have an id yet.
#[derive(Debug, Clone)]
pub(crate) struct EventDraft {
    pub(crate) name: &'static str,
    /// A JSON object as text.
    pub(crate) payload: String,
}

impl EventDraft {
    pub(crate) fn new(name: &'static str, payload: &impl Serialize) -> Result<Self, Error> {
        let payload = serde_json::to_string(payload).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self { name, payload })
    }
}

/// An event with its id. The same JSON text is stored in the log and sent to clients.
#[derive(Debug, Clone)]
pub(crate) struct LoggedEvent {
    pub(crate) project_id: Arc<str>,
    pub(crate) event_id: i64,
    pub(crate) name: &'static str,
    pub(crate) data: Arc<RawValue>,
}

/// The events of one commit, those of each project in the order of their ids, with the resulting counts and decisions.
#[derive(Debug, Default)]
pub(crate) struct EventBatch {
    pub(crate) events: Vec<LoggedEvent>,
    /// The new counts of each project for which the commit contains a decision.
    pub(crate) status_counts: Vec<(Arc<str>, StatusCounts)>,
    pub(crate) recent_decisions: Vec<(Arc<str>, RecentDecision)>,
}

/// The part of a batch that concerns one project.
#[derive(Debug, Default)]
pub(crate) struct ProjectEventBatch {
    pub(crate) events: Vec<LoggedEvent>,
    /// The counts after these events, or `None` if the commit contains no decision about the project's items.
    pub(crate) status_counts: Option<StatusCounts>,
    pub(crate) recent_decisions: Vec<RecentDecision>,
}

impl EventBatch {
    pub(crate) fn split_by_project(self) -> HashMap<Arc<str>, ProjectEventBatch> {
        let mut parts: HashMap<Arc<str>, ProjectEventBatch> = HashMap::new();
        for event in self.events {
            parts.entry(event.project_id.clone()).or_default().events.push(event);
        }
        for (id, counts) in self.status_counts {
            parts.entry(id).or_default().status_counts = Some(counts);
        }
        for (id, decision) in self.recent_decisions {
            parts.entry(id).or_default().recent_decisions.push(decision);
        }
        parts
    }
}

impl ProjectChange {
    /// Returns the id under which the change's idempotency key is stored, if the change has one.
    pub(crate) fn idempotency_id(&self) -> Option<IdempotencyId> {
        Some((self.project_id.clone(), self.idempotency.as_ref()?.key.key.clone()))
    }

    /// Returns the id of the author of the item that the change decides on.
    pub(crate) fn author_id(&self) -> Option<&Arc<str>> {
        match &self.mutation {
            Mutation::Moderated(content) => content.author_id.as_ref(),
            Mutation::Reviewed(review) => review.author_id.as_ref(),
            _ => None,
        }
    }

    /// Returns the id of the item that the change decides on, and the decision.
    pub(crate) fn decision(&self) -> Option<(&str, Status)> {
        match &self.mutation {
            Mutation::Moderated(content) => Some((&content.id, content.status)),
            Mutation::Reviewed(review) => Some((&review.content_id, review.status)),
            _ => None,
        }
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        let mutation = match &self.mutation {
            Mutation::Nothing | Mutation::RuleDeleted(_) | Mutation::NotificationCreated(_) => 0,
            Mutation::Moderated(content) => {
                let meta_data = content.meta_data.as_ref().map_or(0, String::len);
                content.content_data.len()
                    + meta_data
                    + content.moderation_results.iter().map(String::len).sum::<usize>()
            }
            Mutation::Reviewed(review) => review.moderation_result.len(),
            Mutation::RuleCreated(rule) | Mutation::RuleUpdated(rule) => rule.data.len(),
        };
        let answer = self.idempotency.as_ref().map_or(0, |record| record.answer.len());
        mutation + answer + self.event.as_ref().map_or(0, |event| event.payload.len())
    }

    pub(crate) fn new_content(&self) -> Option<&NewContent> {
        match &self.mutation {
            Mutation::Moderated(content) => Some(content),
            _ => None,
        }
    }
}
