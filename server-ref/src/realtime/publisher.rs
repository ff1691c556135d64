//! The one task that publishes: batches in the order they were committed, statistics in between.

use serde::Serialize;
use socketioxide::{BroadcastError, SocketIo};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::room;
use super::statistics::{RECENT, Statistics};
use crate::store::{Batch, Outgoing, Store};

/// Ends when the writer does, or with `kill`: it holds the sockets, and they hold the writer.
pub(crate) fn spawn(io: SocketIo, store: Store, outgoing: mpsc::Receiver<Outgoing>, kill: CancellationToken) {
    tokio::spawn(async move {
        kill.run_until_cancelled(run(io, store, outgoing)).await;
    });
}

async fn run(io: SocketIo, store: Store, mut outgoing: mpsc::Receiver<Outgoing>) {
    let mut statistics = Statistics::default();
    loop {
        let due = statistics.due();
        tokio::select! {
            biased;
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                publish_statistics(&io, &mut statistics, false).await;
            }
            next = outgoing.recv() => match next {
                Some(Outgoing::Batch(batch)) => publish(&io, &store, &mut statistics, batch).await,
                Some(Outgoing::Flush(done)) => {
                    publish_statistics(&io, &mut statistics, true).await;
                    let _ = done.send(());
                }
                None => return,
            }
        }
    }
}

async fn publish(io: &SocketIo, store: &Store, statistics: &mut Statistics, batch: Batch) {
    for event in batch.events {
        broadcast(io, &event.project_id, event.name, &*event.data).await;
    }
    let unknown: Vec<_> =
        batch.statistics.iter().filter(|(id, _)| !statistics.knows(id)).map(|(id, _)| id.clone()).collect();
    for (id, recent) in batch.recent {
        statistics.activity(&id, recent);
    }
    for id in unknown {
        // What this batch added is in the store already.
        match store.recent_activity(&id, RECENT as i64).await {
            Ok(recent) => statistics.seed(id, recent),
            Err(error) => {
                tracing::warn!(%error, "the recent activity could not be read");
                statistics.seed(id, Vec::new());
            }
        }
    }
    for (id, counts) in batch.statistics {
        statistics.counted(id, counts, Instant::now());
    }
}

async fn publish_statistics(io: &SocketIo, statistics: &mut Statistics, all: bool) {
    for id in statistics.take_due(Instant::now(), all) {
        if let Some(payload) = statistics.payload(&id) {
            broadcast(io, &id, "stats_update", &payload).await;
        }
    }
}

async fn broadcast<T: Serialize + ?Sized>(io: &SocketIo, project_id: &str, event: &str, payload: &T) {
    let Some(namespace) = io.of("/") else {
        return;
    };
    match namespace.within(room(project_id)).emit(event, payload).await {
        Ok(()) => {}
        // Sockets that are closing, or don't read: see `SEND_BUFFER`.
        Err(BroadcastError::Socket(errors)) => {
            tracing::debug!(event, sockets = errors.len(), "an event did not reach all sockets");
        }
        Err(error) => tracing::error!(event, %error, "an event could not be published"),
    }
}
