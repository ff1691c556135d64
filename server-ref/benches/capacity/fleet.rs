//! All the sockets.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::sleep;

use crate::client::Client;
use crate::latency::Latency;
use crate::stage::Stage;

/// Sockets per source address: an address has about 28,000 ports.
const PER_ADDRESS: usize = 20_000;
/// Sockets that connect at once.
const AT_ONCE: usize = 64;

pub(crate) struct Fleet {
    connections: usize,
    seen: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl Fleet {
    /// Returns when all have joined.
    pub(crate) async fn connect(stage: &Stage, connections: usize, latency: Arc<Latency>) -> Self {
        let fleet = Self { connections, seen: Arc::default(), lost: Arc::default() };
        let join = |n: usize| {
            let from = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(n / PER_ADDRESS).unwrap());
            let (project, key) = &stage.projects[n % stage.projects.len()];
            // Neighbours in a project are on different nodes.
            let to = stage.address(n / stage.projects.len());
            let (latency, seen, lost) = (latency.clone(), fleet.seen.clone(), fleet.lost.clone());
            async move {
                let client = Client::join(from, to, key, project).await.unwrap();
                tokio::spawn(async move {
                    let _ = client.listen(&latency, &seen).await;
                    lost.fetch_add(1, Ordering::Relaxed);
                });
            }
        };
        stream::iter((0..connections).map(join)).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        fleet
    }

    /// The expected number of updates for this many items, which go to the projects in turn.
    pub(crate) fn due(&self, contents: usize, projects: usize) -> usize {
        let joined = |project: usize| (self.connections + projects - 1 - project) / projects;
        (0..contents).map(|n| joined(n % projects)).sum()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until nothing more arrives.
    pub(crate) async fn settles(&self) {
        let mut before = u64::MAX;
        while before != self.seen.load(Ordering::Relaxed) {
            before = self.seen.load(Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
        }
    }
}
