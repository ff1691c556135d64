//! The one task that writes the event log: group commit, and publication in the order of the ids.
//!
//! Requests that arrive while a transaction is being synced wait together and share the next one. What was committed goes to
//! the publisher through one bounded channel, so that it is published after the commit and in order, while the next group is
//! being written.

use tokio::sync::{mpsc, oneshot};

use super::{Batch, Change, Store};
use crate::Error;

/// More than the concurrent requests of a busy server; a full queue makes requests wait.
const QUEUE: usize = 1024;
/// Requests per transaction.
const GROUP: usize = 256;
/// Committed groups that the publisher may be behind before writing waits for it.
const UNPUBLISHED: usize = 32;

/// What the publisher receives.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Batch(Batch),
    /// Everything sent before was published when this is answered.
    Flush(oneshot::Sender<()>),
}

#[allow(clippy::large_enum_variant, reason = "nearly all of them are changes")]
enum Job {
    Change(Change, oneshot::Sender<Result<(), Error>>),
    Flush(oneshot::Sender<()>),
}

/// A handle to the writing task, which ends when all handles are gone.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(crate) fn spawn(store: Store) -> (Self, mpsc::Receiver<Outgoing>) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (publisher, outgoing) = mpsc::channel(UNPUBLISHED);
        tokio::spawn(run(store, queue, publisher));
        (Self { jobs }, outgoing)
    }

    /// Returns when the change is durable. A caller that stops waiting does not undo it.
    pub(crate) async fn submit(&self, change: Change) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Change(change, reply);
        self.jobs.send(job).await.map_err(|_| Error::ShuttingDown)?;
        answer.await.map_err(|_| Error::ShuttingDown)?
    }

    /// Returns when everything submitted before is written and published.
    pub(crate) async fn flush(&self) {
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job::Flush(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }
}

async fn run(store: Store, mut queue: mpsc::Receiver<Job>, publisher: mpsc::Sender<Outgoing>) {
    let mut jobs = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut jobs, GROUP).await > 0 {
        let mut changes = Vec::with_capacity(jobs.len());
        let mut replies = Vec::with_capacity(jobs.len());
        let mut flushes = Vec::new();
        for job in jobs.drain(..) {
            match job {
                Job::Change(change, reply) => {
                    changes.push(change);
                    replies.push(reply);
                }
                Job::Flush(reply) => flushes.push(reply),
            }
        }
        write_group(&store, &changes, replies, &publisher).await;
        for reply in flushes {
            let _ = publisher.send(Outgoing::Flush(reply)).await;
        }
    }
}

async fn write_group(
    store: &Store,
    changes: &[Change],
    replies: Vec<oneshot::Sender<Result<(), Error>>>,
    publisher: &mpsc::Sender<Outgoing>,
) {
    if changes.is_empty() {
        return;
    }
    match store.commit(changes).await {
        Ok(batch) => {
            for reply in replies {
                let _ = reply.send(Ok(()));
            }
            let _ = publisher.send(Outgoing::Batch(batch)).await;
        }
        // One change that can't be made must not take its neighbours along.
        Err(error) if changes.len() > 1 => {
            tracing::warn!(%error, group = changes.len(), "a group could not be written, trying one by one");
            for (change, reply) in changes.iter().zip(replies) {
                let result = store.commit(std::slice::from_ref(change)).await;
                let (answer, batch) = match result {
                    Ok(batch) => (Ok(()), Some(batch)),
                    Err(error) => (Err(error), None),
                };
                let _ = reply.send(answer);
                if let Some(batch) = batch {
                    let _ = publisher.send(Outgoing::Batch(batch)).await;
                }
            }
        }
        Err(error) => {
            if let Some(reply) = replies.into_iter().next() {
                let _ = reply.send(Err(error));
            }
        }
    }
}
