//! The one task that writes the event log: group commit, and publication in the order of the ids.
//!
//! Requests that arrive while a transaction is being synced wait together and share the next one. Committed events go
//! to the publisher through one bounded channel, so that they are published after the commit and in order, while the
//! next group is being written. A slow publisher finds missed events in the log.
//!
//! When the database is down, requests are refused with a retryable error. If it went down during a COMMIT, nothing is
//! written until the group's outcome is known: a committed group is answered and published once, and an uncommitted one
//! is committed now. A request that waits longer than `PATIENCE` is answered with an unknown outcome.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::{Batch, Change, Committed, Doubt, Fault, Outcome, Store};
use crate::Error;
use crate::metrics::Metrics;

/// More than the concurrent requests of a busy server; a full queue makes requests wait.
const QUEUE: usize = 1024;
/// Requests per transaction, and what they write: a transaction must not take long for its neighbours.
const GROUP_REQUESTS_MAX: usize = 256;
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Committed groups that may wait for the publisher. Writing never waits for it: what finds no room here is read from the log.
const UNPUBLISHED_GROUPS_MAX: usize = 32;
/// The time that a request waits for its outcome.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions to a database that is away.
const PAUSE: Duration = Duration::from_millis(100);

/// The publisher's input.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Batch(Batch),
    /// Batches found no room: the newest event ids of their projects. The events are in the log.
    Missed(Vec<(Arc<str>, i64)>),
    /// Everything sent before was published when this is answered.
    Flush(oneshot::Sender<()>),
}

type Reply = oneshot::Sender<Result<(), Error>>;

#[allow(clippy::large_enum_variant, reason = "nearly all of them are changes")]
enum Job {
    Change(Change, Reply),
    Flush(oneshot::Sender<()>),
}

impl Job {
    /// Its approximate size in bytes.
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
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(crate) fn spawn(store: Store, metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<Outgoing>) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (publisher, outgoing) = mpsc::channel(UNPUBLISHED_GROUPS_MAX);
        tokio::spawn(Task { store, metrics, queue, publisher, missed: HashMap::new() }.run());
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
    /// The newest ids of events that were not sent to the publisher.
    missed: HashMap<Arc<str>, i64>,
}

impl Task {
    async fn run(mut self) {
        while let Some(first) = self.next().await {
            let jobs = self.group(first);
            let mut changes = Vec::with_capacity(jobs.len());
            let mut replies = Vec::with_capacity(jobs.len());
            let mut flushes = Vec::new();
            for job in jobs {
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
                self.flush(reply).await;
            }
        }
    }

    /// The next job. Meanwhile the publisher learns what it missed, as soon as it has room.
    async fn next(&mut self) -> Option<Job> {
        if !self.missed.is_empty() {
            tokio::select! {
                biased;
                job = self.queue.recv() => return job,
                place = self.publisher.reserve() => {
                    if let Ok(place) = place {
                        place.send(Outgoing::Missed(self.missed.drain().collect()));
                    }
                }
            }
        }
        self.queue.recv().await
    }

    /// Hands a batch to the publisher, or remembers that it missed one.
    fn publish(&mut self, batch: Batch) {
        let batch = match self.publisher.try_reserve_many(2) {
            Ok(mut places) => {
                if !self.missed.is_empty()
                    && let Some(place) = places.next()
                {
                    place.send(Outgoing::Missed(self.missed.drain().collect()));
                }
                if let Some(place) = places.next() {
                    return place.send(Outgoing::Batch(batch));
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
            let _ = self.publisher.send(Outgoing::Missed(self.missed.drain().collect())).await;
        }
        let _ = self.publisher.send(Outgoing::Flush(reply)).await;
    }

    /// The job and those that wait with it, as many as one transaction takes.
    fn group(&mut self, first: Job) -> Vec<Job> {
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

    async fn write(&mut self, changes: Vec<Change>, mut replies: Vec<Reply>) {
        loop {
            let started = Instant::now();
            match self.store.commit(&changes).await {
                Ok(Outcome::Done(committed)) => {
                    self.metrics.committed(changes.len(), started.elapsed());
                    return self.done(committed, replies);
                }
                Ok(Outcome::Unknown(doubt)) => match self.settle(doubt, replies).await {
                    Some(waiting) => replies = waiting,
                    None => return,
                },
                Err(error) if can_pass(&error) => {
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
            let _ = reply.send(committed.failures.remove(&index).map_or(Ok(()), Err));
        }
        self.publish(committed.batch);
    }

    /// Asks until the database says what became of the group. Returns the requests if they were not made and still wait.
    async fn settle(&mut self, doubt: Doubt, replies: Vec<Reply>) -> Option<Vec<Reply>> {
        let deadline = Instant::now() + PATIENCE;
        let mut waiting = Some(replies);
        loop {
            match self.store.settle(&doubt).await {
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
                Job::Flush(reply) => self.flush(reply).await,
            }
        }
        refuse(replies, error);
    }
}

/// True if the changes did not cause it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Actor, Deed, Draft, Opening};

    /// A store with a project, in a folder that is deleted with it.
    async fn store() -> (Store, Arc<str>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("log.db").display());
        let store = Store::open(&url, Opening::default()).await.unwrap();
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        (store, project, folder)
    }

    fn event(project_id: &Arc<str>) -> Change {
        let draft = Draft { name: "user_activity", payload: "{}".into() };
        Change { project_id: project_id.clone(), at: 0, deed: Deed::Nothing, event: Some(draft), audit: None }
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
                Outgoing::Batch(batch) => newest = batch.events.last().unwrap().event_id,
                Outgoing::Missed(heads) => newest = heads[0].1,
                Outgoing::Flush(_) => {}
            }
        }
        // From here on it hears of each batch again.
        writer.submit(event(&project)).await.unwrap();
        assert!(
            matches!(outgoing.recv().await.unwrap(), Outgoing::Batch(batch) if batch.events[0].event_id == events + 1)
        );
        store.close().await;
    }

    #[tokio::test]
    async fn a_change_that_fails_costs_its_neighbours_nothing() {
        let (store, project, _folder) = store().await;
        let rule = |id: &str| Change { deed: Deed::RuleDeleted(id.into()), ..event(&project) };
        let changes = [event(&project), rule("none"), event(&"nowhere".into()), event(&project)];
        let Outcome::Done(committed) = store.commit(&changes).await.unwrap() else { panic!("SQLite leaves no doubt") };
        let ids: Vec<i64> = committed.batch.events.iter().map(|event| event.event_id).collect();
        assert_eq!(ids, [1, 2]);
        let mut failed: Vec<usize> = committed.failures.keys().copied().collect();
        failed.sort_unstable();
        assert_eq!(failed, [1, 2]);
        store.close().await;
    }
}
