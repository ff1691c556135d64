//! The writer task, which commits queued changes in groups, replies to their callers, and passes the events to the publisher.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::{ChangeReply, PublisherInput, WriterJob};
use crate::Error;
use crate::metrics::Metrics;
use crate::store::{CommitOutcome, Committed, DbFault, EventBatch, InDoubtCommit, ProjectChange, Store, SubmitOutcome};

/// Maximum number of jobs in one group.
const GROUP_JOBS_MAX: usize = 256;
/// Size in bytes at which a group is complete. Only the last job of a group may make the group larger.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Maximum time for which requests wait for the outcome of a commit in doubt.
const IN_DOUBT_COMMIT_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval between checks of a commit in doubt.
const IN_DOUBT_POLL_INTERVAL: Duration = Duration::from_millis(100);

pub(super) struct WriterTask {
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) jobs: mpsc::Receiver<WriterJob>,
    pub(super) publisher: mpsc::Sender<PublisherInput>,
    /// For each project, the id of the newest event that did not fit into the channel to the publisher.
    pub(super) newest_missed_event_ids: HashMap<Arc<str>, i64>,
}

impl WriterTask {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.next_job().await {
            let jobs = self.collect_group(first);
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
                self.commit_group(changes, replies).await;
            }
            for reply in flushes {
                self.flush(reply).await;
            }
        }
    }

    /// Waits for the next job. Meanwhile, notifies the publisher of missed events as soon as the channel has room.
    async fn next_job(&mut self) -> Option<WriterJob> {
        if !self.newest_missed_event_ids.is_empty() {
            tokio::select! {
                biased;
                job = self.jobs.recv() => return job,
                place = self.publisher.reserve() => {
                    if let Ok(place) = place {
                        place.send(PublisherInput::Unqueued(self.newest_missed_event_ids.drain().collect()));
                    }
                }
            }
        }
        self.jobs.recv().await
    }

    /// Sends a batch to the publisher. If the channel has fewer than two free places, records the batch as missed.
    fn publish(&mut self, batch: EventBatch) {
        let batch = match self.publisher.try_reserve_many(2) {
            Ok(mut places) => {
                if !self.newest_missed_event_ids.is_empty()
                    && let Some(place) = places.next()
                {
                    place.send(PublisherInput::Unqueued(self.newest_missed_event_ids.drain().collect()));
                }
                if let Some(place) = places.next() {
                    return place.send(PublisherInput::Batch(batch));
                }
                batch
            }
            Err(_) => batch,
        };
        for event in batch.events {
            let newest = self.newest_missed_event_ids.entry(event.project_id).or_default();
            *newest = event.event_id.max(*newest);
        }
    }

    async fn flush(&mut self, reply: oneshot::Sender<()>) {
        if !self.newest_missed_event_ids.is_empty() {
            let _ = self.publisher.send(PublisherInput::Unqueued(self.newest_missed_event_ids.drain().collect())).await;
        }
        let _ = self.publisher.send(PublisherInput::Flush(reply)).await;
    }

    /// Returns the first job and as many queued jobs as fit into the same group.
    fn collect_group(&mut self, first: WriterJob) -> Vec<WriterJob> {
        let mut bytes = first.approximate_bytes();
        let mut jobs = vec![first];
        while jobs.len() < GROUP_JOBS_MAX
            && bytes < GROUP_BYTES_MAX
            && let Ok(job) = self.jobs.try_recv()
        {
            bytes += job.approximate_bytes();
            jobs.push(job);
        }
        jobs
    }

    async fn commit_group(&mut self, changes: Vec<ProjectChange>, mut replies: Vec<ChangeReply>) {
        loop {
            let started = Instant::now();
            match self.store.commit(&changes).await {
                Ok(CommitOutcome::Done(committed)) => {
                    self.metrics.on_committed(changes.len(), started.elapsed());
                    return self.reply_and_publish(committed, replies);
                }
                Ok(CommitOutcome::Unknown(in_doubt)) => match self.resolve_outcome(in_doubt, replies).await {
                    Some(waiting) => replies = waiting,
                    None => return,
                },
                Err(error) if is_transient(&error) => {
                    tracing::warn!(%error, group = changes.len(), "a group could not be written");
                    refuse_all(replies, &error);
                    // Requests that were queued in the meantime should not have to wait for the same failure.
                    return self.refuse_queued_changes(&error).await;
                }
                // A change that fails must not cause the rest of its group to fail.
                Err(error) if changes.len() > 1 => {
                    tracing::warn!(%error, group = changes.len(), "a group could not be written; retrying its changes one by one");
                    for (change, reply) in changes.into_iter().zip(replies) {
                        Box::pin(self.commit_group(vec![change], vec![reply])).await;
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

    fn reply_and_publish(&mut self, mut committed: Committed, replies: Vec<ChangeReply>) {
        for (index, reply) in replies.into_iter().enumerate() {
            let earlier_answer = committed.repeated_answers.remove(&index);
            let outcome = earlier_answer.map_or(SubmitOutcome::New, SubmitOutcome::Repeated);
            let _ = reply.send(committed.failures.remove(&index).map_or(Ok(outcome), Err));
        }
        self.publish(committed.batch);
    }

    /// Polls the database until the outcome of the group is known or all handles have been dropped.
    ///
    /// Returns the reply channels if the group was not committed and its callers are still waiting. The commit can then be
    /// retried.
    async fn resolve_outcome(
        &mut self,
        in_doubt: InDoubtCommit,
        replies: Vec<ChangeReply>,
    ) -> Option<Vec<ChangeReply>> {
        let deadline = Instant::now() + IN_DOUBT_COMMIT_TIMEOUT;
        let mut waiting = Some(replies);
        loop {
            match self.store.was_committed(&in_doubt).await {
                Ok(true) => {
                    tracing::info!("the commit in doubt succeeded");
                    self.reply_and_publish(in_doubt.committed, waiting.unwrap_or_default());
                    return None;
                }
                Ok(false) => {
                    tracing::info!("the commit in doubt had failed");
                    return waiting;
                }
                Err(error) => tracing::debug!(%error, "the outcome of the commit in doubt is still unknown"),
            }
            if Instant::now() > deadline
                && let Some(replies) = waiting.take()
            {
                for reply in replies {
                    let _ = reply.send(Err(Error::OutcomeUnknown));
                }
            }
            self.refuse_queued_changes(&Error::Unavailable).await;
            // Once all handles have been dropped, no caller is waiting for the outcome. If the group was committed, clients find its events
            // in the log.
            if self.jobs.is_closed() {
                return None;
            }
            sleep(IN_DOUBT_POLL_INTERVAL).await;
        }
    }

    async fn refuse_queued_changes(&mut self, error: &Error) {
        let mut replies = Vec::new();
        while let Ok(job) = self.jobs.try_recv() {
            match job {
                WriterJob::Change(_, reply) => replies.push(reply),
                WriterJob::Flush(reply) => self.flush(reply).await,
            }
        }
        refuse_all(replies, error);
    }
}

/// Returns true if the error was not caused by the changes, so a retry may succeed.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Database(error) => !matches!(DbFault::of(error), DbFault::NulInText | DbFault::Other),
        Error::ShuttingDown => true,
        _ => false,
    }
}

/// Replies to all callers with a retryable error. The given error must be [transient](is_transient).
fn refuse_all(replies: Vec<ChangeReply>, error: &Error) {
    for reply in replies {
        let error = match error {
            Error::Database(error) if DbFault::of(error) == DbFault::StorageFull => Error::StorageFull,
            Error::ShuttingDown => Error::ShuttingDown,
            _ => Error::Unavailable,
        };
        let _ = reply.send(Err(error));
    }
}
