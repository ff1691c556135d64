//! The set of all clients.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::sleep;

use crate::client::LightClient;
use crate::latency::LatencyHistogram;
use crate::test_bed::TestBed;

/// Maximum number of sockets per source address; each address has about 28,000 ephemeral ports.
const SOCKETS_PER_ADDRESS: usize = 20_000;
/// Maximum number of sockets that connect at the same time.
const CONCURRENT_CONNECTS: usize = 64;

pub(crate) struct Fleet {
    size: usize,
    received: Arc<AtomicU64>,
    lost_connections: Arc<AtomicU64>,
}

impl Fleet {
    /// Connects this many clients. Returns when all of them have joined.
    pub(crate) async fn connect(test_bed: &TestBed, size: usize, latency: Arc<LatencyHistogram>) -> Self {
        let fleet = Self { size, received: Arc::default(), lost_connections: Arc::default() };
        let join = |n: usize| {
            let from = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(n / SOCKETS_PER_ADDRESS).unwrap());
            let (project, key) = &test_bed.projects[n % test_bed.projects.len()];
            // The clients of a project connect to the nodes in turn.
            let to = test_bed.node_address(n / test_bed.projects.len());
            let (latency, received) = (latency.clone(), fleet.received.clone());
            let lost_connections = fleet.lost_connections.clone();
            async move {
                let client = LightClient::join(from, to, key, project).await.unwrap();
                tokio::spawn(async move {
                    let _ = client.listen(&latency, &received).await;
                    lost_connections.fetch_add(1, Ordering::Relaxed);
                });
            }
        };
        stream::iter((0..size).map(join)).buffer_unordered(CONCURRENT_CONNECTS).collect::<Vec<()>>().await;
        fleet
    }

    /// Returns the expected number of updates for this many items, which are submitted to the projects in turn.
    pub(crate) fn expected_updates(&self, items: usize, projects: usize) -> usize {
        let members = |project: usize| (self.size + projects - 1 - project) / projects;
        (0..items).map(|n| members(n % projects)).sum()
    }

    pub(crate) fn lost_connections(&self) -> u64 {
        self.lost_connections.load(Ordering::Relaxed)
    }

    /// Waits until no decision has arrived for a second.
    pub(crate) async fn wait_until_quiet(&self) {
        let mut previous = u64::MAX;
        while previous != self.received.load(Ordering::Relaxed) {
            previous = self.received.load(Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
        }
    }
}
