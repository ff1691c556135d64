//! A node receives SIGTERM while a thousand clients are connected and many items are submitted: no acknowledged item is
//! lost, and the clients reach the other node.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use automoderate::Client;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::balancer::Balancer;
use crate::cluster::PostgresCluster;
use crate::load::SubmissionTally;
use crate::program::ServerProgram;
use crate::recording_client::{RecordingClient, logged_decision_ids};
use crate::redis::RedisServer;
use crate::short_or_long;
use crate::stored_data::Access;
use crate::support::{eventually, http_client};

const ITEMS_PER_SECOND: usize = 500;
const WATCHER_COUNT: usize = 4;

async fn connected_clients(node: &ServerProgram) -> usize {
    let text = http_client().get(format!("{}/metrics", node.base_url())).send().await.unwrap().text().await.unwrap();
    text.lines().find_map(|line| line.strip_prefix("automoderate_sockets ")).unwrap().parse().unwrap()
}

/// Submits items at a constant rate without waiting for earlier requests, and repeats each request until it is acknowledged.
async fn submit_steadily(url: String, key: String, item_count: usize, done: Arc<AtomicUsize>) -> SubmissionTally {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let mut requests = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / 50);
    let mut sent = 0;
    while sent < item_count {
        ticks.tick().await;
        for _ in 0..ITEMS_PER_SECOND / 50 {
            let (client, url, key, done) = (client.clone(), format!("{url}/api/moderate"), key.clone(), done.clone());
            let text = format!("content {sent}");
            requests.spawn(async move {
                let mut tally = SubmissionTally::default();
                loop {
                    let answer =
                        client.post(&url).header("x-api-key", &key).json(&json!({"content": text})).send().await;
                    match answer {
                        Ok(answer) if answer.status().is_success() => {
                            let Ok(answer) = answer.json::<Value>().await else {
                                tally.unanswered += 1;
                                continue;
                            };
                            tally.ids.push(answer["content_id"].as_str().unwrap().to_owned());
                            done.fetch_add(1, Ordering::Relaxed);
                            return tally;
                        }
                        Ok(answer) => {
                            assert_eq!(answer.status(), 503);
                            *tally.refused.entry("unavailable".into()).or_default() += 1;
                        }
                        Err(_) => tally.unanswered += 1,
                    }
                    sleep(Duration::from_millis(50)).await;
                }
            });
            sent += 1;
        }
    }
    let mut tally = SubmissionTally::default();
    while let Some(part) = requests.join_next().await {
        tally += part.unwrap();
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_loses_nothing_and_moves_the_clients() {
    let (cluster, redis) = (PostgresCluster::start().await, RedisServer::start().await);
    let url = redis.url();
    let arguments = [
        "--redis",
        &url,
        "--max-connections-per-ip",
        "0",
        "--connections-per-address",
        "0",
        "--max-events-per-minute",
        "0",
        "--demo",
    ];
    let first = ServerProgram::start_on(&cluster.create_test_database(), &arguments).await;
    let second = ServerProgram::start_on(&cluster.create_test_database(), &arguments[..8]).await;
    let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
    let balancer = Balancer::start(&[first.base_url(), second.base_url()]).await;
    let access = Access { base_url: balancer.url(), ..access };

    // Most clients only stay connected and join no project, which saves CPU time.
    let (crowd, item_count) = (short_or_long(1_000, 1_000), short_or_long(5_000, 30_000));
    let mut watchers = Vec::new();
    for _ in 0..WATCHER_COUNT {
        watchers.push(RecordingClient::start(&balancer.url(), &access, item_count).await);
    }
    let connect = |_| {
        let client = Client::builder(balancer.url()).api_key(access.key.as_str()).rate_limit(None);
        async move { client.connect().await.unwrap() }
    };
    let clients: Vec<Client> = stream::iter(0..crowd - WATCHER_COUNT).map(connect).buffer_unordered(32).collect().await;
    let before = connected_clients(&first).await;
    assert!((crowd / 3..=crowd).contains(&before), "{before}");

    let done = Arc::new(AtomicUsize::new(0));
    let load = tokio::spawn(submit_steadily(balancer.url(), access.key.clone(), item_count, done.clone()));
    eventually("a third of the items is acknowledged", async || done.load(Ordering::Relaxed) >= item_count / 3).await;
    first.signal("TERM");
    let started = Instant::now();
    let moved = async {
        let mut there = 0;
        // The machine may be slow, so this wait fails only if no further client moves.
        while there < crowd {
            let before = there;
            eventually(&format!("more than {before} of {crowd} clients have moved"), async || {
                there = connected_clients(&second).await;
                there > before
            })
            .await;
        }
    };
    let ((), status) = tokio::join!(moved, first.exit_code());
    let elapsed = started.elapsed();
    assert_eq!(status, Some(0));
    // The first reconnect delay of the default policy is 0.5 to 1.5 s. The limit below is much longer, because all processes share the same
    // cores.
    assert!(elapsed < Duration::from_secs(60), "{elapsed:?}");

    let tally = load.await.unwrap();
    assert_eq!(tally.ids.len(), item_count);
    let stored = access.check_consistency(&tally).await;
    assert!((item_count..=item_count + tally.unanswered).contains(&stored), "{stored}");
    let log = logged_decision_ids(&access).await;
    let mut silence = Duration::ZERO;
    for watcher in watchers {
        silence = silence.max(watcher.expect_exactly(&log[..item_count]).await);
    }
    join_all(clients.iter().map(Client::close)).await;
    eprintln!(
        "drain: {before} of {crowd} clients moved in {elapsed:.1?}; lost 0, twice 0, of {item_count} items; longest silence {silence:.1?}; \
         {} requests refused, {} without an answer",
        tally.refused.values().sum::<usize>(),
        tally.unanswered
    );
}
