//! The single task through which a process writes the event log, and the handle to it.
//!
//! Changes that arrive during a transaction are queued and share the next transaction. Committed events are sent to the publisher through
//! one bounded channel. Events are therefore published in order and only after they are committed. While they are being published, the task
//! writes the next group. If the publisher is slow, it reads from the log the events that did not fit into the channel.
//!
//! While the database is down, changes are refused with a retryable error. If the connection is lost during a COMMIT, the task writes
//! nothing else until the outcome is known. If the group was committed, its events are published; otherwise the commit is retried if the
//! group's callers are still waiting. A request whose outcome is still unknown after 10 s fails with [`Error::OutcomeUnknown`].

mod task;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use self::task::WriterTask;
use super::{EventBatch, ProjectChange, Store, SubmitOutcome};
use crate::Error;
use crate::metrics::Metrics;

/// Capacity of the job queue, chosen to exceed the number of concurrent requests on a busy server. Callers wait while the queue
/// is full.
const JOB_QUEUE_CAPACITY: usize = 1024;
/// Maximum number of committed groups in the channel to the publisher. When the channel is nearly full, further events are read from
/// the log instead, so that writing does not wait for the publisher. Only a flush waits for room in the channel.
const UNPUBLISHED_GROUPS_MAX: usize = 32;

/// A message to the publisher.
#[derive(Debug)]
pub(crate) enum PublisherInput {
    Batch(EventBatch),
    /// The newest event id of each project with events that did not fit into the channel. The events must be read from the log.
    Unqueued(Vec<(Arc<str>, i64)>),
    /// A request for a reply once everything in earlier messages has been published.
    Flush(oneshot::Sender<()>),
}

type ChangeReply = oneshot::Sender<Result<SubmitOutcome, Error>>;

#[allow(clippy::large_enum_variant, reason = "nearly all jobs are changes")]
enum WriterJob {
    Change(ProjectChange, ChangeReply),
    Flush(oneshot::Sender<()>),
}

impl WriterJob {
    fn approximate_bytes(&self) -> usize {
        match self {
            Self::Change(change, _) => change.approximate_bytes(),
            Self::Flush(_) => 0,
        }
    }
}

/// A handle to the writer task, which ends when all handles have been dropped.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<WriterJob>,
}

impl Writer {
    /// Starts the writer task. Returns a handle to the task, and the receiving end of the channel to the publisher.
    pub(crate) fn spawn(store: Store, metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<PublisherInput>) {
        let (sender, jobs) = mpsc::channel(JOB_QUEUE_CAPACITY);
        let (publisher, publisher_messages) = mpsc::channel(UNPUBLISHED_GROUPS_MAX);
        tokio::spawn(WriterTask { store, metrics, jobs, publisher, newest_missed_event_ids: HashMap::new() }.run());
        (Self { jobs: sender }, publisher_messages)
    }

    /// Submits a change and returns once it is durable. Dropping the future does not withdraw a change that is already queued.
    pub(crate) async fn submit(&self, change: ProjectChange) -> Result<(), Error> {
        self.submit_idempotent(change).await.map(drop)
    }

    /// Submits a change like [`Writer::submit`], and returns whether the change repeats an earlier change with the same
    /// idempotency key.
    pub(crate) async fn submit_idempotent(&self, change: ProjectChange) -> Result<SubmitOutcome, Error> {
        let (reply, answer) = oneshot::channel();
        let job = WriterJob::Change(change, reply);
        self.jobs.send(job).await.map_err(|_| Error::ShuttingDown)?;
        answer.await.map_err(|_| Error::ShuttingDown)?
    }

    /// Returns once all changes that were submitted before the call have been written and published, or refused. Does not wait
    /// for the outcome of a commit in doubt.
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

    /// Creates a store with one project, in a temporary folder that is deleted when the returned handle is dropped.
    async fn store_with_project() -> (Store, Arc<str>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("log.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        (store, project, folder)
    }

    fn event_change(project_id: &Arc<str>) -> ProjectChange {
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
    async fn a_stalled_publisher_does_not_block_writing_and_later_learns_what_it_missed() {
        let (store, project, _folder) = store_with_project().await;
        let (writer, mut publisher_messages) = Writer::spawn(store.clone(), Arc::new(Metrics::new()));
        let events = 3 * i64::try_from(UNPUBLISHED_GROUPS_MAX).unwrap();
        for _ in 0..events {
            writer.submit(event_change(&project)).await.unwrap();
        }
        let mut newest = 0;
        while newest < events {
            match publisher_messages.recv().await.unwrap() {
                PublisherInput::Batch(batch) => newest = batch.events.last().unwrap().event_id,
                PublisherInput::Unqueued(heads) => newest = heads[0].1,
                PublisherInput::Flush(_) => {}
            }
        }
        // The publisher has caught up, so it receives the next batch through the channel.
        writer.submit(event_change(&project)).await.unwrap();
        assert!(
            matches!(publisher_messages.recv().await.unwrap(), PublisherInput::Batch(batch) if batch.events[0].event_id == events + 1)
        );
        store.close().await;
    }

    #[tokio::test]
    async fn a_failing_change_does_not_affect_the_rest_of_its_group() {
        let (store, project, _folder) = store_with_project().await;
        let rule = |id: &str| ProjectChange { mutation: Mutation::RuleDeleted(id.into()), ..event_change(&project) };
        let changes = [event_change(&project), rule("none"), event_change(&"nowhere".into()), event_change(&project)];
        let CommitOutcome::Done(committed) = store.commit(&changes).await.unwrap() else {
            panic!("with SQLite, the outcome is never in doubt")
        };
        let ids: Vec<i64> = committed.batch.events.iter().map(|event| event.event_id).collect();
        assert_eq!(ids, [1, 2]);
        let mut failed: Vec<usize> = committed.failures.keys().copied().collect();
        failed.sort_unstable();
        assert_eq!(failed, [1, 2]);
        store.close().await;
    }
}
