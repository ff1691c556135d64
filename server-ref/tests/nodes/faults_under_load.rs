//! Nodes are killed, PostgreSQL restarts, and Redis stops and freezes, while clients submit and receive items through a
//! balancer: no item is lost or delivered twice.

use std::time::Duration;

use tokio::time::sleep;

use crate::balancer::Balancer;
use crate::cluster::PostgresCluster;
use crate::load::Load;
use crate::program::ServerProgram;
use crate::recording_client::{RecordingClient, logged_decision_ids};
use crate::redis::RedisServer;
use crate::short_or_long;
use crate::stored_data::Access;
use crate::support::{eventually, http_client};

const CONNECTIONS: usize = 16;
const WATCHER_COUNT: usize = 8;

struct TestBed {
    cluster: PostgresCluster,
    redis: RedisServer,
    nodes: Vec<ServerProgram>,
    balancer: Balancer,
    access: Access,
}

impl TestBed {
    async fn start() -> Self {
        let (cluster, redis) = (PostgresCluster::start().await, RedisServer::start().await);
        let (database, url) = (cluster.create_test_database(), redis.url());
        let first = start_node(&database, &url, &["--demo"]).await;
        let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
        let nodes = vec![first, start_node(&database, &url, &[]).await];
        let balancer = Balancer::start(&nodes.iter().map(ServerProgram::base_url).collect::<Vec<_>>()).await;
        let access = Access { base_url: balancer.url(), ..access };
        Self { cluster, redis, nodes, balancer, access }
    }

    /// Replaces a killed node with a new one.
    async fn replace_node(&mut self, which: usize) {
        let gone = std::mem::replace(
            &mut self.nodes[which],
            start_node(&self.cluster.create_test_database(), &self.redis.url(), &[]).await,
        );
        self.balancer.set_nodes(&self.nodes.iter().map(ServerProgram::base_url).collect::<Vec<_>>());
        assert_eq!(gone.exit_code().await, None);
    }

    /// Returns the values of this metric on all nodes.
    async fn metric_values(&self, metric: &str) -> Vec<String> {
        let mut values = Vec::new();
        for node in &self.nodes {
            let text =
                http_client().get(format!("{}/metrics", node.base_url())).send().await.unwrap().text().await.unwrap();
            values.push(text.lines().find_map(|line| line.strip_prefix(metric)).unwrap().trim().to_owned());
        }
        values
    }

    /// Submits this many items, causes the faults during the submissions, and checks that no item was lost or duplicated.
    async fn run_with_faults(mut self, name: &str, item_count: usize, faults: impl AsyncFnOnce(&mut Self, &Load)) {
        let mut watchers = Vec::new();
        for _ in 0..WATCHER_COUNT {
            watchers.push(RecordingClient::start(&self.balancer.url(), &self.access, item_count).await);
        }
        let load = Load::start(&self.balancer.url(), &self.access.key, item_count, CONNECTIONS);
        faults(&mut self, &load).await;
        let tally = load.finish().await;
        assert_eq!(tally.ids.len(), item_count);
        // An item whose request was not answered is stored once, even if another node receives the repetition, because each
        // repetition has the same idempotency key.
        assert_eq!(self.access.check_consistency(&tally).await, item_count);
        let log = logged_decision_ids(&self.access).await;
        let mut silence = Duration::ZERO;
        for watcher in watchers {
            silence = silence.max(watcher.expect_exactly(&log[..item_count]).await);
        }
        eprintln!(
            "{name}: lost 0, twice 0, of {item_count} items at {WATCHER_COUNT} clients; longest silence {silence:.1?}; {} requests refused, \
             {} without an answer",
            tally.refused.values().sum::<usize>(),
            tally.unanswered
        );
    }
}

async fn start_node(database: &str, redis: &str, more: &[&str]) -> ServerProgram {
    let mut arguments = vec!["--redis", redis, "--max-connections-per-ip", "0", "--max-events-per-minute", "0"];
    arguments.extend(more);
    ServerProgram::start_on(database, &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_nodes_lose_nothing() {
    let item_count = short_or_long(6_000, 60_000);
    let body = async |bed: &mut TestBed, load: &Load| {
        for kill in 1..=2 {
            load.wait_until_acknowledged(kill * item_count / 3).await;
            bed.nodes[kill - 1].signal("KILL");
            bed.replace_node(kill - 1).await;
        }
    };
    TestBed::start().await.run_with_faults("kill -9 of each node in turn", item_count, body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_restarts_lose_nothing() {
    let item_count = short_or_long(4_000, 40_000);
    let body = async |bed: &mut TestBed, load: &Load| {
        for (n, signal) in [(1, "QUIT"), (2, "INT")] {
            load.wait_until_acknowledged(n * item_count / 3).await;
            bed.cluster.stop(signal);
            eventually("the metric reports the state", async || {
                bed.metric_values("automoderate_database_up ").await == ["0", "0"]
            })
            .await;
            bed.cluster.ensure_running().await;
        }
    };
    TestBed::start().await.run_with_faults("PostgreSQL restarted twice", item_count, body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_outages_lose_nothing() {
    let item_count = short_or_long(6_000, 60_000);
    let away = Duration::from_secs(short_or_long(3, 30) as u64);
    let body = async |bed: &mut TestBed, load: &Load| {
        let redis = async |bed: &TestBed, up: &str| {
            eventually("the metric reports the state", async || {
                bed.metric_values("automoderate_redis_up ").await == [up, up]
            })
            .await;
        };
        load.wait_until_acknowledged(item_count / 3).await;
        bed.redis.stop();
        redis(bed, "0").await;
        sleep(away).await;
        bed.redis.ensure_running().await;
        redis(bed, "1").await;
        load.wait_until_acknowledged(2 * item_count / 3).await;
        // Redis stops answering, but its connections stay open.
        bed.redis.signal("STOP");
        redis(bed, "0").await;
        sleep(away).await;
        bed.redis.signal("CONT");
        redis(bed, "1").await;
    };
    TestBed::start()
        .await
        .run_with_faults(&format!("Redis gone for {away:?}, frozen for {away:?}"), item_count, body)
        .await;
}

/// Even a client without replay misses no event while Redis is stopped.
#[tokio::test(flavor = "multi_thread")]
async fn stock_clients_miss_nothing_during_a_redis_outage() {
    let item_count = short_or_long(3_000, 30_000);
    let mut bed = TestBed::start().await;
    let mut sockets = Vec::new();
    for node in &bed.nodes {
        let access = Access { base_url: node.base_url(), ..bed.access.clone() };
        sockets.push(crate::listener::EventListener::start(&access, item_count).await);
    }
    let load = Load::start(&bed.balancer.url(), &bed.access.key, item_count, CONNECTIONS);
    load.wait_until_acknowledged(item_count / 3).await;
    bed.redis.stop();
    load.wait_until_acknowledged(2 * item_count / 3).await;
    bed.redis.ensure_running().await;
    let tally = load.finish().await;
    assert_eq!((tally.ids.len(), tally.unanswered, tally.refused.len()), (item_count, 0, 0), "{:?}", tally.refused);
    for socket in sockets {
        socket.expect_whole_log(&bed.access).await;
    }
}
