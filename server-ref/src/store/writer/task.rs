//! The writing task: it groups waiting changes, commits each group, and answers and publishes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::{PublisherInput, Reply, WriterJob};
use crate::Error;
use crate::metrics::Metrics;
use crate::store::{CommitOutcome, Committed, DbFault, EventBatch, InDoubtCommit, ProjectChange, Store, Submitted};

/// The most requests in a transaction, and the most bytes that they write: others wait for the transaction.
const GROUP_REQUESTS_MAX: usize = 256;
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The time that requests wait to learn the outcome of a commit in doubt.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(10);
/// The delay between two checks of a commit in doubt.
const OUTCOME_POLL_INTERVAL: Duration = Duration::from_millis(100);

pub(super) struct WriterTask {
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) queue: mpsc::Receiver<WriterJob>,
    pub(super) publisher: mpsc::Sender<PublisherInput>,
    /// The newest ids of events that were not sent to the publisher.
    pub(super) missed: HashMap<Arc<str>, i64>,
}

impl WriterTask {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.next().await {
            let jobs = self.group(first);
            let mut changes = Vec::with_capacity(jobs.len());
            let mut replies = Vec::with_capacity(jobs.len());
            let mut flushes = Vec::new();
            for job in jobs {
                match job {
                    WriterJob::Change(change, reply) => {
                        changes.push(change);
                        replies.push(reply);
                    }
                    WriterJob::Flush(reply) => flushes.push(reply),
                }
            }
            if !changes.is_empty() {
                self.write(changes, replies).await;
            }
            for reply in flushes {
                self.flush(reply).await;
            }
        }
    }

    /// The next job. Meanwhile the publisher learns what it missed, as soon as it has room.
    async fn next(&mut self) -> Option<WriterJob> {
        if !self.missed.is_empty() {
            tokio::select! {
                biased;
                job = self.queue.recv() => return job,
                place = self.publisher.reserve() => {
                    if let Ok(place) = place {
                        place.send(PublisherInput::Missed(self.missed.drain().collect()));
                    }
                }
            }
        }
        self.queue.recv().await
    }

    /// Hands a batch to the publisher, or remembers that it missed one.
    fn publish(&mut self, batch: EventBatch) {
        let batch = match self.publisher.try_reserve_many(2) {
            Ok(mut places) => {
                if !self.missed.is_empty()
                    && let Some(place) = places.next()
                {
                    place.send(PublisherInput::Missed(self.missed.drain().collect()));
                }
                if let Some(place) = places.next() {
                    return place.send(PublisherInput::Batch(batch));
                }
                batch
            }
            Err(_) => batch,
        };
        for event in batch.events {
            let newest = self.missed.entry(event.project_id).or_default();
            *newest = event.event_id.max(*newest);
        }
    }

    async fn flush(&mut self, reply: oneshot::Sender<()>) {
        if !self.missed.is_empty() {
            let _ = self.publisher.send(PublisherInput::Missed(self.missed.drain().collect())).await;
        }
        let _ = self.publisher.send(PublisherInput::Flush(reply)).await;
    }

    /// The job and those that wait with it, as many as one transaction takes.
    fn group(&mut self, first: WriterJob) -> Vec<WriterJob> {
        let mut bytes = first.bytes();
        let mut jobs = vec![first];
        while jobs.len() < GROUP_REQUESTS_MAX
            && bytes < GROUP_BYTES_MAX
            && let Ok(job) = self.queue.try_recv()
        {
            bytes += job.bytes();
            jobs.push(job);
        }
        jobs
    }

    async fn write(&mut self, changes: Vec<ProjectChange>, mut replies: Vec<Reply>) {
        loop {
            let started = Instant::now();
            match self.store.commit(&changes).await {
                Ok(CommitOutcome::Done(committed)) => {
                    self.metrics.on_committed(changes.len(), started.elapsed());
                    return self.done(committed, replies);
                }
                Ok(CommitOutcome::Unknown(doubt)) => match self.resolve(doubt, replies).await {
                    Some(waiting) => replies = waiting,
                    None => return,
                },
                Err(error) if is_transient(&error) => {
                    tracing::warn!(%error, group = changes.len(), "a group could not be written");
                    refuse(replies, &error);
                    // Requests that arrived while the writer waited for the database need not wait as long.
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

    fn done(&mut self, mut committed: Committed, replies: Vec<Reply>) {
        for (index, reply) in replies.into_iter().enumerate() {
            let submitted = committed.repeated.remove(&index).map_or(Submitted::New, Submitted::Repeated);
            let _ = reply.send(committed.failures.remove(&index).map_or(Ok(submitted), Err));
        }
        self.publish(committed.batch);
    }

    /// Checks until the outcome of the group is known. Returns the replies if it was not committed and they still wait.
    async fn resolve(&mut self, doubt: InDoubtCommit, replies: Vec<Reply>) -> Option<Vec<Reply>> {
        let deadline = Instant::now() + OUTCOME_TIMEOUT;
        let mut waiting = Some(replies);
        loop {
            match self.store.resolve(&doubt).await {
                Ok(true) => {
                    tracing::info!("the group was committed");
                    self.done(doubt.committed, waiting.unwrap_or_default());
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
            // No caller is left that waits for the outcome; clients find what was committed in the log.
            if self.queue.is_closed() {
                return None;
            }
            sleep(OUTCOME_POLL_INTERVAL).await;
        }
    }

    async fn refuse_queued(&mut self, error: &Error) {
        let mut replies = Vec::new();
        while let Ok(job) = self.queue.try_recv() {
            match job {
                WriterJob::Change(_, reply) => replies.push(reply),
                WriterJob::Flush(reply) => self.flush(reply).await,
            }
        }
        refuse(replies, error);
    }
}

/// True if the changes did not cause the error, so that a retry can help.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Database(error) => !matches!(DbFault::of(error), DbFault::Text | DbFault::Other),
        Error::ShuttingDown => true,
        _ => false,
    }
}

/// Refuses the requests. To be called for errors that [`is_transient`].
fn refuse(replies: Vec<Reply>, error: &Error) {
    for reply in replies {
        let error = match error {
            Error::Database(error) if DbFault::of(error) == DbFault::Full => Error::StorageFull,
            Error::ShuttingDown => Error::ShuttingDown,
            _ => Error::Unavailable,
        };
        let _ = reply.send(Err(error));
    }
}
