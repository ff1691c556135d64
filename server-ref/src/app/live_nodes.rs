//! The nodes that share this server's database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::Metrics;

/// Time without a heartbeat after which a node counts as gone. On PostgreSQL, each node sends a heartbeat every 10 s; on SQLite, there are
/// no heartbeats.
const NODE_TIMEOUT: Duration = Duration::from_secs(30);

/// Time of the last heartbeat of each node, including this one, by node name.
#[derive(Debug, Default)]
pub(crate) struct LiveNodes(Mutex<HashMap<String, Instant>>);

impl LiveNodes {
    pub(super) fn on_heartbeat(&self, node: &str, metrics: &Metrics) {
        self.update(metrics, |nodes| {
            nodes.insert(node.to_owned(), Instant::now());
        });
    }

    pub(super) fn on_leaving(&self, node: &str, metrics: &Metrics) {
        self.update(metrics, |nodes| {
            nodes.remove(node);
        });
    }

    fn update(&self, metrics: &Metrics, change: impl FnOnce(&mut HashMap<String, Instant>)) {
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut nodes);
        nodes.retain(|_, last_heartbeat| last_heartbeat.elapsed() < NODE_TIMEOUT);
        metrics.set_nodes(nodes.len().max(1));
    }
}
