//! Many real interruptions: nothing is lost, nothing comes twice, and nothing grows.
//!
//! Two clients in this process, one per transport, each with its own relay that cuts; the server is a program, which is
//! killed from time to time. `SOAK_RECONNECTS=1000` for a long run. A single test in its own process, because it counts
//! the process's resources.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod books;
#[path = "../stock/faults/relay.rs"]
#[allow(dead_code, reason = "of the faults, which use all of it")]
mod relay;
#[path = "../stock/faults/server.rs"]
#[allow(dead_code, reason = "of the faults, which use all of it")]
mod server;
mod usage;

use std::time::Duration;

use automoderate::{Client, Overflow, ReconnectPolicy, Transports};
use tokio::time::{Instant, sleep, timeout};

use books::{Reader, Writer};
use relay::{Mode, Relay};
use server::Program;
use usage::Usage;

const PATIENCE: Duration = Duration::from_secs(30);
/// Settings for detecting dead connections soon: the interval of pings, and the timeout of their answers, in seconds.
const PINGS: [&str; 2] = ["1", "1"];

struct Follower {
    relay: Relay,
    client: Client,
    reader: Reader,
}

impl Follower {
    async fn start(server: &Program, transports: Transports, overflow: Overflow) -> Self {
        let relay = Relay::start(server.port).await;
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
        let reader = Reader::start(project.events());
        Self { relay, client, reader }
    }

    /// Waits until it is reconnected.
    async fn is_back(&self, connections: u64) {
        let back = async {
            while self.client.metrics().connections <= connections || !self.client.state().is_connected() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, back).await.unwrap_or_else(|_| panic!("not connected again: {:?}", self.client.state()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_interruptions_cost_nothing_and_leave_nothing() {
    let wanted: u64 = std::env::var("SOAK_RECONNECTS").map_or(100, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut server = Program::start(folder.path(), 0, PINGS).await;
    let followers = [
        Follower::start(&server, Transports::WebSocket, Overflow::DropOldest).await,
        Follower::start(&server, Transports::Polling, Overflow::Replay).await,
    ];
    let writer = Writer::start(&server.ready);
    let started = Instant::now();
    let (mut usages, mut kills) = (Vec::new(), 0);
    let strokes = wanted.div_ceil(followers.len() as u64);
    for stroke in 1..=strokes {
        let before = followers.each_ref().map(|follower| follower.client.metrics().connections);
        let all = |mode| followers.iter().for_each(|follower| follower.relay.set(mode));
        match stroke % 25 {
            0 => {
                let port = server.port;
                server.stop("KILL").await;
                server = Program::start(folder.path(), port, PINGS).await;
                kills += 1;
            }
            12 => all(Mode::Silence),
            odd if odd % 2 == 1 => all(Mode::Reset),
            _ => all(Mode::Cut),
        }
        if stroke % 25 != 0 {
            for follower in &followers {
                follower.relay.has_struck().await;
            }
            all(Mode::Pass);
        }
        for (follower, before) in followers.iter().zip(before) {
            follower.is_back(before).await;
        }
        // From time to time it is quiet, and then resources must be as low as at any other quiet time.
        if stroke % strokes.div_ceil(10).max(1) == 0 {
            let usage = Usage::when_quiet(&writer).await;
            println!("{:4} reconnects: {usage}", stroke * followers.len() as u64);
            usages.push(usage);
        }
    }
    let written = writer.stop().await;
    let mut reconnects = 0;
    for follower in followers {
        let metrics = follower.client.metrics();
        assert_eq!((metrics.gaps, metrics.malformed), (0, 0));
        reconnects += metrics.connections - 1;
        let stored = stored(&server.ready).await;
        follower.reader.has_all(stored, &written).await;
        follower.client.close().await;
    }
    assert!(reconnects >= wanted, "only {reconnects}");
    println!(
        "lost 0, twice 0, of {} items for each of 2 clients; {reconnects} reconnects, {kills} kills, in {:.0} s",
        written.iter().filter(|acknowledged| **acknowledged).count(),
        started.elapsed().as_secs_f64()
    );
    // The first ones are warm-up, in which buffers and pools get their size.
    Usage::stay(&usages[usages.len() / 3..]);
}

/// The number of the server's items.
async fn stored(ready: &serde_json::Value) -> u64 {
    let (url, key) = (ready["base_url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
    let client = Client::builder(url).api_key(key).build().unwrap();
    client.statistics().await.unwrap().total_content
}
