//! The transaction that commits a group of changes and numbers its events.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::commit_state::{load, save};
use super::idempotency::NewKeyRow;
use super::rows::insert;
use super::{Backend, LogConnection, Store, Tx, audit, idempotency, notifications, reviews, rules};
use crate::Error;
use crate::store::commit_state::{Applied, CommitState};
use crate::store::db_error::{DbFault, is_definite};
use crate::store::{EventBatch, Invalidation, LoggedEvent, Mutation, ProjectChange, RecentDecision};
use crate::time::{Micros, rfc3339};

/// The longest time of a transaction's statements, and of its COMMIT, in PostgreSQL: a network that swallows packets
/// must not stop the log for good. SQLite has no such limit, because it can't be abandoned in the middle.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The outcome of a group of changes, unless it certainly failed.
#[derive(Debug)]
pub(crate) enum CommitOutcome {
    Done(Committed),
    /// The connection died between COMMIT and its answer.
    Unknown(InDoubtCommit),
}

/// A transaction's result.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The events come in the order of their ids, which is that of the changes.
    pub(crate) batch: EventBatch,
    /// The changes that failed, by their indices. The others were committed without them.
    pub(crate) failures: HashMap<usize, Error>,
    /// The answers to changes that repeat earlier ones, by their indices. They were not made again.
    pub(crate) repeated: HashMap<usize, String>,
}

/// Changes that may have been committed; [`Store::resolve`] determines the outcome.
#[derive(Debug)]
pub(crate) struct InDoubtCommit {
    mark: i64,
    /// The transaction's result if it was committed.
    pub(crate) committed: Committed,
}

impl Store {
    /// Commits the changes that are possible, or none. Must be called by one task: a commit in doubt is resolved before the next
    /// one.
    pub(crate) async fn commit(&self, changes: &[ProjectChange]) -> Result<CommitOutcome, Error> {
        match self.attempt(changes).await {
            // The connection may have died long ago. A new one either works or is unavailable.
            Err(Error::Database(error)) if DbFault::of(&error) == DbFault::Lost => {
                tracing::debug!(%error, "the log's connection was lost");
                self.attempt(changes).await
            }
            done => done,
        }
    }

    /// Checks whether a commit in doubt was carried out. After an error the outcome is still unknown: call it again.
    pub(crate) async fn resolve(&self, doubt: &InDoubtCommit) -> Result<bool, Error> {
        match &self.inner.database {
            Backend::Sqlite(_) => Err(Error::Internal("SQLite leaves nothing in doubt".into())),
            Backend::Postgres(database) => {
                let is_committed = self.with_timeout(database.is_committed(doubt.mark)).await?;
                if is_committed {
                    database.on_committed(doubt.mark);
                }
                Ok(is_committed)
            }
        }
    }

    async fn attempt(&self, changes: &[ProjectChange]) -> Result<CommitOutcome, Error> {
        let mut log = self.log().await?;
        let done = match self.check_mark(&mut log).await {
            Ok(()) => self.transact(&mut log, changes).await,
            Err(error) => Err(error),
        };
        let broken = match &done {
            Ok(CommitOutcome::Unknown(_)) => true,
            // SQLite's, too: it rolls back by itself when the disk is full, and its driver would still assume an open
            // transaction.
            Err(Error::Database(error)) => !matches!(DbFault::of(error), DbFault::Text | DbFault::Other),
            _ => false,
        };
        if broken {
            self.distrust_log();
        }
        done
    }

    async fn transact(&self, log: &mut LogConnection<'_>, changes: &[ProjectChange]) -> Result<CommitOutcome, Error> {
        let write = async {
            let mut tx = log.begin().await?;
            let mut commit_state = load(&mut tx, changes, self.inner.queue_limit).await?;
            let committed = write(&mut tx, changes, &mut commit_state).await?;
            let mark = match (&self.inner.database, &mut tx) {
                (Backend::Postgres(database), Tx::Postgres(tx)) => database.leave_mark(tx).await?,
                _ => 0,
            };
            Ok::<_, Error>((tx, committed, mark))
        };
        let (tx, committed, mark) = self.with_timeout(write).await?;
        match (self.with_timeout(tx.commit()).await, &self.inner.database) {
            (Ok(()), backend) => {
                if let Backend::Postgres(database) = backend {
                    database.on_committed(mark);
                }
                Ok(CommitOutcome::Done(committed))
            }
            (Err(error), Backend::Postgres(_)) if !is_definite(&error) => {
                tracing::warn!(%error, "it is not known whether a group was committed");
                Ok(CommitOutcome::Unknown(InDoubtCommit { mark, committed }))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    pub(super) async fn with_timeout<T, E: From<sqlx::Error>>(
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

/// Writes the changes that are possible.
async fn write(tx: &mut Tx<'_>, changes: &[ProjectChange], commit_state: &mut CommitState) -> Result<Committed, Error> {
    let (mut made, mut failures, mut repeated) = (Vec::with_capacity(changes.len()), HashMap::new(), HashMap::new());
    let mut keys: Vec<NewKeyRow<'_>> = Vec::new();
    let mut events = Vec::with_capacity(changes.len());
    let mut entries = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let before = change.audit.as_ref().and_then(|_| commit_state.state_before(change));
        match commit_state.apply(change) {
            Ok(Applied::New(numbered)) => {
                events.extend(numbered.into_iter().map(|event| (event, change.at)));
                made.push(change);
                let head = commit_state.projects.get(&change.project_id).map_or(0, |totals| totals.head);
                keys.extend(change.idempotency.as_deref().map(|record| (change, record, head)));
                let draft = change.audit.as_deref();
                entries.extend(draft.map(|draft| audit::NewAuditRow::new(Some(&change.project_id), draft, before)));
            }
            Ok(Applied::Repeated(answer)) => drop(repeated.insert(index, answer)),
            Err(error) => drop(failures.insert(index, error)),
        }
    }
    insert(tx, &made, &events).await?;
    audit::record(tx, &entries).await?;
    for change in &made {
        apply_mutation(tx, change).await?;
    }
    idempotency::insert(tx, &keys).await?;
    save(tx, commit_state).await?;
    Ok(Committed { batch: batch(&made, commit_state, events), failures, repeated })
}

/// A change's writes other than items and events, which are written for the whole group at once.
async fn apply_mutation(tx: &mut Tx<'_>, change: &ProjectChange) -> Result<(), Error> {
    let project_id = &*change.project_id;
    match &change.mutation {
        Mutation::Nothing | Mutation::Moderated(_) => Ok(()),
        Mutation::Reviewed(review) => reviews::decide(tx, project_id, review, change.at).await,
        Mutation::RuleCreated(rule) => rules::insert(tx, project_id, rule).await,
        Mutation::RuleUpdated(rule) => rules::update(tx, project_id, rule).await,
        Mutation::RuleDeleted(id) => rules::delete(tx, project_id, id).await,
        Mutation::Notified(notification) => notifications::insert(tx, notification).await,
    }?;
    match change.mutation {
        Mutation::RuleCreated(_) | Mutation::RuleUpdated(_) | Mutation::RuleDeleted(_) => {
            tx.announce(&Invalidation::RulesChanged(project_id.to_owned())).await
        }
        _ => Ok(()),
    }
}

/// The events to publish.
fn batch(changes: &[&ProjectChange], commit_state: &CommitState, events: Vec<(LoggedEvent, Micros)>) -> EventBatch {
    let decided: HashSet<&Arc<str>> =
        changes.iter().filter(|change| change.decision().is_some()).map(|change| &change.project_id).collect();
    let statistics = decided.into_iter().filter_map(|id| Some((id.clone(), commit_state.projects.get(id)?.counts)));
    let recent = changes.iter().filter_map(|change| {
        let (content_id, decision) = change.decision()?;
        let recent = RecentDecision { content_id: content_id.to_owned(), decision, timestamp: rfc3339(change.at) };
        Some((change.project_id.clone(), recent))
    });
    EventBatch {
        recent: recent.collect(),
        statistics: statistics.collect(),
        events: events.into_iter().map(|(event, _)| event).collect(),
    }
}
