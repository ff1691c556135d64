//! A node is killed, PostgreSQL restarts, and Redis stops, freezes and returns, while items and readers go through a
//! balancer: nothing is lost or delivered twice.

use std::time::Duration;

use tokio::time::sleep;

use crate::balancer::Balancer;
use crate::books::Access;
use crate::cluster::Cluster;
use crate::load::Load;
use crate::program::Program;
use crate::redis::Redis;
use crate::short_or_long;
use crate::support::{eventually, http};
use crate::watcher::{Watcher, updates};

const CONNECTIONS: usize = 16;
const WATCHERS: usize = 8;

struct Stage {
    cluster: Cluster,
    redis: Redis,
    nodes: Vec<Program>,
    balancer: Balancer,
    access: Access,
}

impl Stage {
    async fn set() -> Self {
        let (cluster, redis) = (Cluster::start().await, Redis::start().await);
        let (database, url) = (cluster.database(), redis.url());
        let first = node(&database, &url, &["--demo"]).await;
        let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
        let nodes = vec![first, node(&database, &url, &[]).await];
        let balancer = Balancer::start(&nodes.iter().map(Program::base_url).collect::<Vec<_>>()).await;
        let access = Access { base_url: balancer.url(), ..access };
        Self { cluster, redis, nodes, balancer, access }
    }

    /// Replaces this node by another one.
    async fn replace(&mut self, which: usize) {
        let gone =
            std::mem::replace(&mut self.nodes[which], node(&self.cluster.database(), &self.redis.url(), &[]).await);
        self.balancer.set(&self.nodes.iter().map(Program::base_url).collect::<Vec<_>>());
        assert_eq!(gone.exit_code().await, None);
    }

    /// This metric's values on all nodes.
    async fn says(&self, metric: &str) -> Vec<String> {
        let mut values = Vec::new();
        for node in &self.nodes {
            let text = http().get(format!("{}/metrics", node.base_url())).send().await.unwrap().text().await.unwrap();
            values.push(text.lines().find_map(|line| line.strip_prefix(metric)).unwrap().trim().to_owned());
        }
        values
    }

    /// Runs the faults in the middle of this many items.
    async fn endures(mut self, name: &str, contents: usize, faults: impl AsyncFnOnce(&mut Self, &Load)) {
        let mut watchers = Vec::new();
        for _ in 0..WATCHERS {
            watchers.push(Watcher::start(&self.balancer.url(), &self.access, contents).await);
        }
        let load = Load::start(&self.balancer.url(), &self.access.key, contents, CONNECTIONS);
        faults(&mut self, &load).await;
        let tally = load.finish().await;
        assert_eq!(tally.ids.len(), contents);
        // Requests without an answer that were carried out are recognized by their keys, on any node.
        assert_eq!(self.access.balance(&tally).await, contents);
        let log = updates(&self.access).await;
        let mut silence = Duration::ZERO;
        for watcher in watchers {
            silence = silence.max(watcher.has_seen(&log[..contents]).await);
        }
        eprintln!(
            "{name}: lost 0, twice 0, of {contents} items at {WATCHERS} clients; longest silence {silence:.1?}; {} requests refused, \
             {} without an answer",
            tally.refused.values().sum::<usize>(),
            tally.unanswered
        );
    }
}

async fn node(database: &str, redis: &str, more: &[&str]) -> Program {
    let mut arguments = vec!["--redis", redis, "--max-connections-per-ip", "0", "--max-events-per-minute", "0"];
    arguments.extend(more);
    Program::start_on(database, &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_killed() {
    let contents = short_or_long(6_000, 60_000);
    let body = async |stage: &mut Stage, load: &Load| {
        for kill in 1..=2 {
            load.reaches(kill * contents / 3).await;
            stage.nodes[kill - 1].signal("KILL");
            stage.replace(kill - 1).await;
        }
    };
    Stage::set().await.endures("kill -9 of each node in turn", contents, body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_restarts() {
    let contents = short_or_long(4_000, 40_000);
    let body = async |stage: &mut Stage, load: &Load| {
        for (n, signal) in [(1, "QUIT"), (2, "INT")] {
            load.reaches(n * contents / 3).await;
            stage.cluster.down(signal);
            eventually("the metric shows it", async || stage.says("automoderate_database_up ").await == ["0", "0"])
                .await;
            stage.cluster.up().await;
        }
    };
    Stage::set().await.endures("PostgreSQL restarted twice", contents, body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_goes() {
    let contents = short_or_long(6_000, 60_000);
    let away = Duration::from_secs(short_or_long(3, 30) as u64);
    let body = async |stage: &mut Stage, load: &Load| {
        let redis = async |stage: &Stage, up: &str| {
            eventually("the metric shows it", async || stage.says("automoderate_redis_up ").await == [up, up]).await;
        };
        load.reaches(contents / 3).await;
        stage.redis.down();
        redis(stage, "0").await;
        sleep(away).await;
        stage.redis.up().await;
        redis(stage, "1").await;
        load.reaches(2 * contents / 3).await;
        // It does not answer, but its connections stay.
        stage.redis.signal("STOP");
        redis(stage, "0").await;
        sleep(away).await;
        stage.redis.signal("CONT");
        redis(stage, "1").await;
    };
    Stage::set().await.endures(&format!("Redis gone for {away:?}, frozen for {away:?}"), contents, body).await;
}

/// Even a listener without replay sees no hole, not even when Redis stops.
#[tokio::test(flavor = "multi_thread")]
async fn redis_goes_and_stock_clients_notice_nothing() {
    let contents = short_or_long(3_000, 30_000);
    let mut stage = Stage::set().await;
    let mut sockets = Vec::new();
    for node in &stage.nodes {
        let access = Access { base_url: node.base_url(), ..stage.access.clone() };
        sockets.push(crate::listener::Listener::start(&access, contents).await);
    }
    let load = Load::start(&stage.balancer.url(), &stage.access.key, contents, CONNECTIONS);
    load.reaches(contents / 3).await;
    stage.redis.down();
    load.reaches(2 * contents / 3).await;
    stage.redis.up().await;
    let tally = load.finish().await;
    assert_eq!((tally.ids.len(), tally.unanswered, tally.refused.len()), (contents, 0, 0), "{:?}", tally.refused);
    for socket in sockets {
        socket.has_heard_the_log(&stage.access).await;
    }
}
