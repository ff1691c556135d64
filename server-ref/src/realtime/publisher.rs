//! The one task that publishes: batches in the order they were committed, statistics in between.

use std::sync::Arc;

use serde::Serialize;
use socketioxide::{BroadcastError, SocketIo};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::room;
use super::statistics::{RECENT, Statistics};
use crate::metrics::Metrics;
use crate::store::{Batch, Outgoing, Store};

/// Ends when the writer does, or with `kill`: it holds the sockets, and they hold the writer.
pub(crate) fn spawn(
    io: SocketIo,
    store: Store,
    metrics: Arc<Metrics>,
    outgoing: mpsc::Receiver<Outgoing>,
    kill: CancellationToken,
) {
    tokio::spawn(async move {
        let rooms = Rooms { io, metrics };
        kill.run_until_cancelled(run(rooms, store, outgoing)).await;
    });
}

async fn run(rooms: Rooms, store: Store, mut outgoing: mpsc::Receiver<Outgoing>) {
    let mut statistics = Statistics::default();
    loop {
        let due = statistics.due();
        tokio::select! {
            biased;
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                publish_statistics(&rooms, &mut statistics, false).await;
            }
            next = outgoing.recv() => match next {
                Some(Outgoing::Batch(batch)) => publish(&rooms, &store, &mut statistics, batch).await,
                Some(Outgoing::Flush(done)) => {
                    publish_statistics(&rooms, &mut statistics, true).await;
                    let _ = done.send(());
                }
                None => return,
            }
        }
    }
}

async fn publish(rooms: &Rooms, store: &Store, statistics: &mut Statistics, batch: Batch) {
    for event in batch.events {
        rooms.broadcast(&event.project_id, event.name, &*event.data).await;
    }
    let unknown: Vec<_> =
        batch.statistics.iter().filter(|(id, _)| !statistics.knows(id)).map(|(id, _)| id.clone()).collect();
    for (id, recent) in batch.recent {
        rooms.metrics.decided(recent.decision.as_str());
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

async fn publish_statistics(rooms: &Rooms, statistics: &mut Statistics, all: bool) {
    for id in statistics.take_due(Instant::now(), all) {
        if let Some(payload) = statistics.payload(&id) {
            rooms.broadcast(&id, "stats_update", &payload).await;
        }
    }
}

/// Where events go.
struct Rooms {
    io: SocketIo,
    metrics: Arc<Metrics>,
}

impl Rooms {
    async fn broadcast<T: Serialize + ?Sized>(&self, project_id: &str, event: &'static str, payload: &T) {
        let Some(namespace) = self.io.of("/") else {
            return;
        };
        self.metrics.published(event);
        match namespace.within(room(project_id)).emit(event, payload).await {
            Ok(()) => {}
            // Sockets that are closing, or don't read: see `SEND_BUFFER`.
            Err(BroadcastError::Socket(errors)) => {
                tracing::debug!(event, sockets = errors.len(), "an event did not reach all sockets");
            }
            Err(error) => tracing::error!(event, %error, "an event could not be published"),
        }
    }
}
