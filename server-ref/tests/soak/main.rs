//! Many real interruptions: no event is lost or delivered twice, and the use of resources does not grow.
//!
//! Two clients run in this process, one per transport. Each connects through its own relay, which interrupts its connections. The server is
//! a separate process that is killed from time to time. `SOAK_RECONNECTS=1000` makes the run longer. This test runs alone in its process,
//! because it measures the process's resources.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod items;
#[path = "../stock/faults/relay.rs"]
#[allow(dead_code, reason = "other programs use the rest")]
mod relay;
#[path = "../stock/faults/server.rs"]
#[allow(dead_code, reason = "other programs use the rest")]
mod server;
mod usage;

use std::time::Duration;

use automoderate::{Client, Overflow, ReconnectPolicy, Transports};
use tokio::time::{Instant, sleep, timeout};

use items::{ItemReader, ItemSubmitter};
use relay::{FaultRelay, RelayMode};
use server::DemoServer;
use usage::Usage;

const TIMEOUT: Duration = Duration::from_secs(30);
/// Ping interval and ping timeout in seconds, short enough to detect dead connections quickly.
const PING_SECONDS: [&str; 2] = ["1", "1"];

struct InterruptedClient {
    relay: FaultRelay,
    client: Client,
    reader: ItemReader,
}

impl InterruptedClient {
    async fn start(server: &DemoServer, transports: Transports, overflow: Overflow) -> Self {
        let relay = FaultRelay::start(server.port).await;
        let policy = ReconnectPolicy {
            delay: Duration::from_millis(20),
            max_delay: Duration::from_millis(100),
            max_attempts_per_minute: 100_000,
            ..ReconnectPolicy::default()
        };
        let client = Client::builder(relay.url())
            .api_key(server.ready["api_key"].as_str().unwrap())
            .transports(transports)
            .overflow(overflow)
            .reconnect(policy)
            .rate_limit(None)
            .connect()
            .await
            .unwrap();
        let project = client.join(server.ready["project_id"].as_str().unwrap()).await.unwrap();
        let reader = ItemReader::start(project.events());
        Self { relay, client, reader }
    }

    /// Waits until the client has made another connection.
    async fn wait_until_reconnected(&self, connections: u64) {
        let back = async {
            while self.client.metrics().connections <= connections || !self.client.state().is_connected() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(TIMEOUT, back).await.unwrap_or_else(|_| panic!("not reconnected: {:?}", self.client.state()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_interruptions_lose_nothing_and_leak_nothing() {
    let wanted: u64 = std::env::var("SOAK_RECONNECTS").map_or(100, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut server = DemoServer::start(folder.path(), 0, PING_SECONDS).await;
    let followers = [
        InterruptedClient::start(&server, Transports::WebSocket, Overflow::DropOldest).await,
        InterruptedClient::start(&server, Transports::Polling, Overflow::Replay).await,
    ];
    let submitter = ItemSubmitter::start(&server.ready);
    let started = Instant::now();
    let (mut usages, mut kills) = (Vec::new(), 0);
    let rounds = wanted.div_ceil(followers.len() as u64);
    for round in 1..=rounds {
        let before = followers.each_ref().map(|follower| follower.client.metrics().connections);
        let all = |mode| followers.iter().for_each(|follower| follower.relay.set_mode(mode));
        match round % 25 {
            0 => {
                let port = server.port;
                server.stop("KILL").await;
                server = DemoServer::start(folder.path(), port, PING_SECONDS).await;
                kills += 1;
            }
            12 => all(RelayMode::Silence),
            number if number % 2 == 1 => all(RelayMode::Reset),
            _ => all(RelayMode::Cut),
        }
        if round % 25 != 0 {
            for follower in &followers {
                follower.relay.wait_until_applied().await;
            }
            all(RelayMode::Pass);
        }
        for (follower, before) in followers.iter().zip(before) {
            follower.wait_until_reconnected(before).await;
        }
        // The load pauses at intervals. In the last pause, the process must not use noticeably more resources than in the first pause after
        // the warm-up.
        if round % rounds.div_ceil(10).max(1) == 0 {
            let usage = Usage::measure_while_paused(&submitter).await;
            println!("{:4} reconnects: {usage}", round * followers.len() as u64);
            usages.push(usage);
        }
    }
    let submitted = submitter.stop().await;
    let mut reconnects = 0;
    for follower in followers {
        let metrics = follower.client.metrics();
        assert_eq!((metrics.gaps, metrics.malformed), (0, 0));
        reconnects += metrics.connections - 1;
        let stored = stored_items(&server.ready).await;
        follower.reader.expect_all(stored, &submitted).await;
        follower.client.close().await;
    }
    assert!(reconnects >= wanted, "only {reconnects}");
    println!(
        "lost 0, twice 0, of {} items for each of 2 clients; {reconnects} reconnects, {kills} kills, in {:.0} s",
        submitted.iter().filter(|acknowledged| **acknowledged).count(),
        started.elapsed().as_secs_f64()
    );
    // The first third of the measurements belongs to the warm-up, during which buffers and pools reach their final size.
    Usage::expect_no_growth(&usages[usages.len() / 3..]);
}

/// Returns the number of items on the server.
async fn stored_items(ready: &serde_json::Value) -> u64 {
    let (url, key) = (ready["base_url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
    let client = Client::builder(url).api_key(key).build().unwrap();
    client.statistics().await.unwrap().total_content
}
