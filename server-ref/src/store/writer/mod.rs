//! The one task that writes the event log: group commit, and publication in the order of the ids.
//!
//! Requests that arrive while a transaction is being synced wait together and share the next one. Committed events go
//! to the publisher through one bounded channel, so that they are published after the commit and in order, while the
//! next group is being written. A slow publisher finds missed events in the log.
//!
//! When the database is down, requests are refused with a retryable error. If it went down during a COMMIT, nothing is
//! written until the group's outcome is known: a committed group is answered and published once, and an uncommitted one
//! is committed now. A request that waits longer than 10 s is answered with an unknown outcome.

mod task;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use self::task::WriterTask;
use super::{EventBatch, ProjectChange, Store, Submitted};
use crate::Error;
use crate::metrics::Metrics;

/// More than the concurrent requests of a busy server; a full queue makes requests wait.
const QUEUE_LENGTH: usize = 1024;
/// Committed groups that may wait for the publisher. Writing never waits for it: what finds no room here is read from the log.
const UNPUBLISHED_GROUPS_MAX: usize = 32;
/// The publisher's input.
#[derive(Debug)]
pub(crate) enum PublisherInput {
    Batch(EventBatch),
    /// Batches found no room: the newest event ids of their projects. The events are in the log.
    Missed(Vec<(Arc<str>, i64)>),
    /// Answered once everything sent before is published.
    Flush(oneshot::Sender<()>),
}

type Reply = oneshot::Sender<Result<Submitted, Error>>;

#[allow(clippy::large_enum_variant, reason = "nearly all of them are changes")]
enum WriterJob {
    Change(ProjectChange, Reply),
    Flush(oneshot::Sender<()>),
}

impl WriterJob {
    /// Approximate size in bytes.
    fn bytes(&self) -> usize {
        match self {
            Self::Change(change, _) => change.bytes(),
            Self::Flush(_) => 0,
        }
    }
}

/// A handle to the writing task, which ends when all handles are gone.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<WriterJob>,
}

impl Writer {
    pub(crate) fn spawn(store: Store, metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<PublisherInput>) {
        let (jobs, queue) = mpsc::channel(QUEUE_LENGTH);
        let (publisher, outgoing) = mpsc::channel(UNPUBLISHED_GROUPS_MAX);
        tokio::spawn(WriterTask { store, metrics, queue, publisher, missed: HashMap::new() }.run());
        (Self { jobs }, outgoing)
    }

    /// Returns when the change is durable. A caller that stops waiting does not undo it.
    pub(crate) async fn submit(&self, change: ProjectChange) -> Result<(), Error> {
        self.submit_once(change).await.map(drop)
    }

    /// As [`Writer::submit`], and shows whether the change repeats an earlier one with the same idempotency key.
    pub(crate) async fn submit_once(&self, change: ProjectChange) -> Result<Submitted, Error> {
        let (reply, answer) = oneshot::channel();
        let job = WriterJob::Change(change, reply);
        self.jobs.send(job).await.map_err(|_| Error::ShuttingDown)?;
        answer.await.map_err(|_| Error::ShuttingDown)?
    }

    /// Returns when everything submitted before is written and published.
    pub(crate) async fn flush(&self) {
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(WriterJob::Flush(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Actor, CommitOutcome, EventDraft, Mutation, StoreOptions};

    /// A store with a project, in a folder that is deleted with it.
    async fn store() -> (Store, Arc<str>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("log.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        (store, project, folder)
    }

    fn event(project_id: &Arc<str>) -> ProjectChange {
        let draft = EventDraft { name: "user_activity", payload: "{}".into() };
        ProjectChange {
            project_id: project_id.clone(),
            at: 0,
            mutation: Mutation::Nothing,
            event: Some(draft),
            audit: None,
            idempotency: None,
        }
    }

    #[tokio::test]
    async fn a_publisher_that_stands_still_stops_nobody_and_is_told_what_it_missed() {
        let (store, project, _folder) = store().await;
        let (writer, mut outgoing) = Writer::spawn(store.clone(), Arc::new(Metrics::new()));
        let events = 3 * i64::try_from(UNPUBLISHED_GROUPS_MAX).unwrap();
        for _ in 0..events {
            writer.submit(event(&project)).await.unwrap();
        }
        let mut newest = 0;
        while newest < events {
            match outgoing.recv().await.unwrap() {
                PublisherInput::Batch(batch) => newest = batch.events.last().unwrap().event_id,
                PublisherInput::Missed(heads) => newest = heads[0].1,
                PublisherInput::Flush(_) => {}
            }
        }
        // From here on it hears of each batch again.
        writer.submit(event(&project)).await.unwrap();
        assert!(
            matches!(outgoing.recv().await.unwrap(), PublisherInput::Batch(batch) if batch.events[0].event_id == events + 1)
        );
        store.close().await;
    }

    #[tokio::test]
    async fn a_change_that_fails_costs_its_neighbours_nothing() {
        let (store, project, _folder) = store().await;
        let rule = |id: &str| ProjectChange { mutation: Mutation::RuleDeleted(id.into()), ..event(&project) };
        let changes = [event(&project), rule("none"), event(&"nowhere".into()), event(&project)];
        let CommitOutcome::Done(committed) = store.commit(&changes).await.unwrap() else {
            panic!("SQLite leaves no doubt")
        };
        let ids: Vec<i64> = committed.batch.events.iter().map(|event| event.event_id).collect();
        assert_eq!(ids, [1, 2]);
        let mut failed: Vec<usize> = committed.failures.keys().copied().collect();
        failed.sort_unstable();
        assert_eq!(failed, [1, 2]);
        store.close().await;
    }
}
