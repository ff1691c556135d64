//! The one task that writes the event log: group commit, and publication in the order of the ids.
//!
//! Requests that arrive while a transaction is being synced wait together and share the next one. What was committed goes to
//! the publisher through one bounded channel, so that it is published after the commit and in order, while the next group is
//! being written.
//!
//! When the database is away, requests are refused, and told that they may try again. When it went away during a COMMIT, nothing is
//! written until it is known what became of the group: what was committed is answered and published once, what was not is
//! committed now. Who waits for the answer longer than `PATIENCE` is told that it is not known.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::{Batch, Change, Doubt, Fault, Outcome, Store};
use crate::Error;
use crate::metrics::Metrics;

/// More than the concurrent requests of a busy server; a full queue makes requests wait.
const QUEUE: usize = 1024;
/// Requests per transaction.
const GROUP: usize = 256;
/// Committed groups that the publisher may be behind before writing waits for it.
const UNPUBLISHED: usize = 32;
/// How long a request waits to hear what became of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions to a database that is away.
const PAUSE: Duration = Duration::from_millis(100);

/// What the publisher receives.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Batch(Batch),
    /// Everything sent before was published when this is answered.
    Flush(oneshot::Sender<()>),
}

type Reply = oneshot::Sender<Result<(), Error>>;

#[allow(clippy::large_enum_variant, reason = "nearly all of them are changes")]
enum Job {
    Change(Change, Reply),
    Flush(oneshot::Sender<()>),
}

/// A handle to the writing task, which ends when all handles are gone.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(crate) fn spawn(store: Store, metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<Outgoing>) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (publisher, outgoing) = mpsc::channel(UNPUBLISHED);
        tokio::spawn(Task { store, metrics, queue, publisher }.run());
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

struct Task {
    store: Store,
    metrics: Arc<Metrics>,
    queue: mpsc::Receiver<Job>,
    publisher: mpsc::Sender<Outgoing>,
}

impl Task {
    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(GROUP);
        while self.queue.recv_many(&mut jobs, GROUP).await > 0 {
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
            if !changes.is_empty() {
                self.write(changes, replies).await;
            }
            for reply in flushes {
                let _ = self.publisher.send(Outgoing::Flush(reply)).await;
            }
        }
    }

    async fn write(&mut self, changes: Vec<Change>, mut replies: Vec<Reply>) {
        loop {
            let started = Instant::now();
            match self.store.commit(&changes).await {
                Ok(Outcome::Done(batch)) => {
                    self.metrics.committed(changes.len(), started.elapsed());
                    return self.done(batch, replies).await;
                }
                Ok(Outcome::Unknown(doubt)) => match self.settle(doubt, replies).await {
                    Some(waiting) => replies = waiting,
                    None => return,
                },
                Err(error) if can_pass(&error) => {
                    tracing::warn!(%error, group = changes.len(), "a group could not be written");
                    refuse(replies, &error);
                    // What came while we were waiting for the database need not wait as long.
                    return self.refuse_queued(&error).await;
                }
                // One change that can't be made must not take its neighbours along.
                Err(error) if changes.len() > 1 => {
                    tracing::warn!(%error, group = changes.len(), "a group could not be written, trying one by one");
                    for (change, reply) in changes.into_iter().zip(replies) {
                        Box::pin(self.write(vec![change], vec![reply])).await;
                    }
                    return;
                }
                Err(error) => {
                    if let Some(reply) = replies.pop() {
                        let _ = reply.send(Err(error));
                    }
                    return;
                }
            }
        }
    }

    async fn done(&self, batch: Batch, replies: Vec<Reply>) {
        for reply in replies {
            let _ = reply.send(Ok(()));
        }
        let _ = self.publisher.send(Outgoing::Batch(batch)).await;
    }

    /// Asks until the database says what became of the group. Returns the requests if they were not made and still wait.
    async fn settle(&mut self, doubt: Doubt, replies: Vec<Reply>) -> Option<Vec<Reply>> {
        let deadline = Instant::now() + PATIENCE;
        let mut waiting = Some(replies);
        loop {
            match self.store.settle(&doubt).await {
                Ok(true) => {
                    tracing::info!("the group was committed");
                    self.done(doubt.batch, waiting.unwrap_or_default()).await;
                    return None;
                }
                Ok(false) => {
                    tracing::info!("the group was not committed");
                    return waiting;
                }
                Err(error) => tracing::debug!(%error, "the database can't be asked yet"),
            }
            if Instant::now() > deadline
                && let Some(replies) = waiting.take()
            {
                for reply in replies {
                    let _ = reply.send(Err(Error::OutcomeUnknown));
                }
            }
            self.refuse_queued(&Error::Unavailable).await;
            // Nobody is left who could want to know; clients find what was committed in the log.
            if self.queue.is_closed() {
                return None;
            }
            sleep(PAUSE).await;
        }
    }

    async fn refuse_queued(&mut self, error: &Error) {
        let mut replies = Vec::new();
        while let Ok(job) = self.queue.try_recv() {
            match job {
                Job::Change(_, reply) => replies.push(reply),
                Job::Flush(reply) => drop(self.publisher.send(Outgoing::Flush(reply)).await),
            }
        }
        refuse(replies, error);
    }
}

/// Whether it is not the changes' fault.
fn can_pass(error: &Error) -> bool {
    match error {
        Error::Database(error) => !matches!(Fault::of(error), Fault::Text | Fault::Other),
        Error::ShuttingDown => true,
        _ => false,
    }
}

/// To be called for errors that [`can_pass`].
fn refuse(replies: Vec<Reply>, error: &Error) {
    for reply in replies {
        let error = match error {
            Error::Database(error) if Fault::of(error) == Fault::Full => Error::StorageFull,
            Error::ShuttingDown => Error::ShuttingDown,
            _ => Error::Unavailable,
        };
        let _ = reply.send(Err(error));
    }
}
