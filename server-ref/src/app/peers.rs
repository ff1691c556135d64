//! The nodes that share our database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::Metrics;

/// Nodes report their presence every 10 s.
const LOST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<String, Instant>>);

impl Peers {
    pub(super) fn heard(&self, node: &str, metrics: &Metrics) {
        self.change(metrics, |nodes| {
            nodes.insert(node.to_owned(), Instant::now());
        });
    }

    pub(super) fn left(&self, node: &str, metrics: &Metrics) {
        self.change(metrics, |nodes| {
            nodes.remove(node);
        });
    }

    fn change(&self, metrics: &Metrics, change: impl FnOnce(&mut HashMap<String, Instant>)) {
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut nodes);
        nodes.retain(|_, heard| heard.elapsed() < LOST);
        metrics.nodes(nodes.len().max(1));
    }
}
