//! The transaction that numbers the events of a group of changes and commits the group.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::bulk_insert::insert_rows;
use super::commit_state::{load_commit_state, save_commit_state};
use super::idempotency::NewKeyRow;
use super::{Backend, LogConnection, Store, Tx, audit, idempotency, notifications, reviews, rules};
use crate::Error;
use crate::store::commit_state::{ApplyOutcome, CommitState};
use crate::store::db_error::{DbFault, is_certain_rollback};
use crate::store::{EventBatch, Invalidation, LoggedEvent, Mutation, ProjectChange, RecentDecision};
use crate::time::{Micros, rfc3339};

/// Maximum time on PostgreSQL for a transaction's statements, and separately for its COMMIT and for each check of a mark. Without
/// this limit, a network that drops packets could block the event log forever. SQLite has no such limit, because its transactions
/// can't be abandoned midway.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The outcome of an attempt to commit a group of changes, unless the attempt definitely failed.
#[derive(Debug)]
pub(crate) enum CommitOutcome {
    Done(Committed),
    /// The connection was lost, or the time limit expired, between COMMIT and its response.
    Unknown(InDoubtCommit),
}

/// The result of a committed transaction.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The events in the order of the changes, which within each project is also the order of the event ids.
    pub(crate) batch: EventBatch,
    /// The errors of changes that failed, keyed by the index of the change. Except for repeated changes, all other changes were committed.
    pub(crate) failures: HashMap<usize, Error>,
    /// The stored answers to changes that were not made because they repeat earlier changes, keyed by the index of the change.
    pub(crate) repeated_answers: HashMap<usize, String>,
}

/// A group of changes that may have been committed. [`Store::was_committed`] determines the outcome.
#[derive(Debug)]
pub(crate) struct InDoubtCommit {
    transaction_mark: i64,
    /// The result of the transaction, provided that it was committed.
    pub(crate) committed: Committed,
}

impl Store {
    /// Commits the changes in one transaction. Changes that can't be made, for example because
    /// their target does not exist, are left out.
    ///
    /// Must be called by only one task, because a commit in doubt must be resolved before the next commit.
    pub(crate) async fn commit(&self, changes: &[ProjectChange]) -> Result<CommitOutcome, Error> {
        match self.try_commit(changes).await {
            // The connection may have been lost long ago, so a new connection may work immediately.
            Err(Error::Database(error)) if DbFault::of(&error) == DbFault::ConnectionLost => {
                tracing::debug!(%error, "the connection for writing the log was lost");
                self.try_commit(changes).await
            }
            outcome => outcome,
        }
    }

    /// Returns true if a commit in doubt took effect.
    ///
    /// # Errors
    /// Returns an error if the outcome can't be determined at the moment. The caller must then try again.
    pub(crate) async fn was_committed(&self, in_doubt: &InDoubtCommit) -> Result<bool, Error> {
        match &self.inner.database {
            Backend::Sqlite(_) => Err(Error::Internal("with SQLite, the outcome is never in doubt".into())),
            Backend::Postgres(database) => {
                let is_committed =
                    self.with_transaction_timeout(database.is_mark_committed(in_doubt.transaction_mark)).await?;
                if is_committed {
                    database.remember_committed_mark(in_doubt.transaction_mark);
                }
                Ok(is_committed)
            }
        }
    }

    async fn try_commit(&self, changes: &[ProjectChange]) -> Result<CommitOutcome, Error> {
        let mut log = self.log_connection().await?;
        let outcome = match self.replace_log_id_if_mark_lost_on(&mut log).await {
            Ok(()) => self.run_transaction(&mut log, changes).await,
            Err(error) => Err(error),
        };
        let is_suspect = match &outcome {
            Ok(CommitOutcome::Unknown(_)) => true,
            // A SQLite connection can become unusable too: when the disk is full, SQLite rolls back on its own, but sqlx still
            // assumes an open transaction.
            Err(Error::Database(error)) => !matches!(DbFault::of(error), DbFault::NulInText | DbFault::Other),
            _ => false,
        };
        if is_suspect {
            self.mark_log_connection_suspect();
        }
        outcome
    }

    async fn run_transaction(
        &self,
        log: &mut LogConnection<'_>,
        changes: &[ProjectChange],
    ) -> Result<CommitOutcome, Error> {
        let write = async {
            let mut tx = log.begin_write().await?;
            let mut commit_state = load_commit_state(&mut tx, changes, self.inner.review_warning_threshold).await?;
            let committed = write_changes(&mut tx, changes, &mut commit_state).await?;
            let mark = match (&self.inner.database, &mut tx) {
                (Backend::Postgres(database), Tx::Postgres(tx)) => database.write_next_mark(tx).await?,
                _ => 0,
            };
            Ok::<_, Error>((tx, committed, mark))
        };
        let (tx, committed, mark) = self.with_transaction_timeout(write).await?;
        match (self.with_transaction_timeout(tx.commit()).await, &self.inner.database) {
            (Ok(()), backend) => {
                if let Backend::Postgres(database) = backend {
                    database.remember_committed_mark(mark);
                }
                Ok(CommitOutcome::Done(committed))
            }
            (Err(error), Backend::Postgres(_)) if !is_certain_rollback(&error) => {
                tracing::warn!(%error, "it is not known whether a group was committed");
                Ok(CommitOutcome::Unknown(InDoubtCommit { transaction_mark: mark, committed }))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    pub(super) async fn with_transaction_timeout<T, E: From<sqlx::Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match &self.inner.database {
            Backend::Sqlite(_) => work.await,
            Backend::Postgres(_) => tokio::time::timeout(TRANSACTION_TIMEOUT, work)
                .await
                .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()).into())),
        }
    }
}

/// Writes the changes that can be made, and collects an error or an earlier answer for each of the other changes.
async fn write_changes(
    tx: &mut Tx<'_>,
    changes: &[ProjectChange],
    commit_state: &mut CommitState,
) -> Result<Committed, Error> {
    let mut applied = Vec::with_capacity(changes.len());
    let (mut failures, mut repeated_answers) = (HashMap::new(), HashMap::new());
    let mut keys: Vec<NewKeyRow<'_>> = Vec::new();
    let mut events = Vec::with_capacity(changes.len());
    let mut entries = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let before = change.audit.as_ref().and_then(|_| commit_state.audit_state_before(change));
        match commit_state.apply(change) {
            Ok(ApplyOutcome::New(numbered)) => {
                events.extend(numbered.into_iter().map(|event| (event, change.at)));
                applied.push(change);
                let head = commit_state.projects.get(&change.project_id).map_or(0, |totals| totals.head);
                keys.extend(change.idempotency.as_deref().map(|record| (change, record, head)));
                let draft = change.audit.as_deref();
                entries.extend(draft.map(|draft| audit::NewAuditRow::new(Some(&change.project_id), draft, before)));
            }
            Ok(ApplyOutcome::Repeated(answer)) => drop(repeated_answers.insert(index, answer)),
            Err(error) => drop(failures.insert(index, error)),
        }
    }
    insert_rows(tx, &applied, &events).await?;
    audit::insert_entries(tx, &entries).await?;
    for change in &applied {
        apply_mutation(tx, change).await?;
    }
    idempotency::insert_records(tx, &keys).await?;
    save_commit_state(tx, commit_state).await?;
    Ok(Committed { batch: event_batch(&applied, commit_state, events), failures, repeated_answers })
}

/// Writes the rows that a change affects, except for those that are written for the whole group at once. Announces changes to rules.
async fn apply_mutation(tx: &mut Tx<'_>, change: &ProjectChange) -> Result<(), Error> {
    let project_id = &*change.project_id;
    match &change.mutation {
        Mutation::Nothing | Mutation::Moderated(_) => Ok(()),
        Mutation::Reviewed(review) => reviews::store_review(tx, project_id, review, change.at).await,
        Mutation::RuleCreated(rule) => rules::insert(tx, project_id, rule).await,
        Mutation::RuleUpdated(rule) => rules::update(tx, project_id, rule).await,
        Mutation::RuleDeleted(id) => rules::delete(tx, project_id, id).await,
        Mutation::NotificationCreated(notification) => notifications::insert(tx, notification).await,
    }?;
    match change.mutation {
        Mutation::RuleCreated(_) | Mutation::RuleUpdated(_) | Mutation::RuleDeleted(_) => {
            tx.announce(&Invalidation::RulesChanged(project_id.to_owned())).await
        }
        _ => Ok(()),
    }
}

/// Returns the events, counts and decisions that must be published once the transaction is committed.
fn event_batch(
    changes: &[&ProjectChange],
    commit_state: &CommitState,
    events: Vec<(LoggedEvent, Micros)>,
) -> EventBatch {
    let changed_projects: HashSet<&Arc<str>> =
        changes.iter().filter(|change| change.decision().is_some()).map(|change| &change.project_id).collect();
    let status_counts =
        changed_projects.into_iter().filter_map(|id| Some((id.clone(), commit_state.projects.get(id)?.counts)));
    let recent_decisions = changes.iter().filter_map(|change| {
        let (content_id, decision) = change.decision()?;
        let decision = RecentDecision { content_id: content_id.to_owned(), decision, timestamp: rfc3339(change.at) };
        Some((change.project_id.clone(), decision))
    });
    EventBatch {
        events: events.into_iter().map(|(event, _)| event).collect(),
        status_counts: status_counts.collect(),
        recent_decisions: recent_decisions.collect(),
    }
}
