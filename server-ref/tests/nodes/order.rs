//! A commit on any node reaches the clients of all nodes, each event once and in the order of ids, even clients without
//! replay.

use std::time::{Duration, Instant};

use automoderate_server::RunningServer;
use serde_json::json;

use crate::books::Access;
use crate::cluster::Cluster;
use crate::listener::Listener;
use crate::load::{Load, Tally};
use crate::redis::Redis;
use crate::short_or_long;
use crate::support::{Socket, eventually, http, key, project, server};
use crate::watcher::{Watcher, updates};

const CONNECTIONS: usize = 8;

/// Two nodes, and the data to use either.
async fn two(cluster: &Cluster, redis: Option<&Redis>) -> [(RunningServer, Access); 2] {
    let builder = server().database(cluster.database());
    let builder = match redis {
        Some(redis) => builder.redis(redis.url()),
        None => builder,
    };
    let first = builder.clone().start().await.unwrap();
    let second = builder.demo(false).start().await.unwrap();
    let access = Access { base_url: first.base_url(), key: key(&first), project_id: project(&first) };
    let other = Access { base_url: second.base_url(), ..access.clone() };
    [(first, access), (second, other)]
}

/// Returns the first node's events by source.
async fn both_hear_both(redis: Option<&Redis>, each: usize) -> String {
    let cluster = Cluster::start().await;
    let nodes = two(&cluster, redis).await;
    let (mut listeners, mut watchers) = (Vec::new(), Vec::new());
    for (_, access) in &nodes {
        listeners.push(Listener::start(access, 2 * each).await);
        watchers.push(Watcher::start(&access.base_url, access, 2 * each).await);
    }
    let mut tally = Tally::default();
    let loads = nodes.each_ref().map(|(_, access)| Load::start(&access.base_url, &access.key, each, CONNECTIONS));
    for load in loads {
        tally += load.finish().await;
    }
    assert_eq!(nodes[0].1.balance(&tally).await, 2 * each);
    let log = updates(&nodes[0].1).await;
    for (listener, (_, access)) in listeners.into_iter().zip(&nodes) {
        listener.has_heard_the_log(access).await;
    }
    for watcher in watchers {
        watcher.has_seen(&log).await;
    }
    let metrics = http().get(format!("{}/metrics", nodes[0].1.base_url)).send().await.unwrap().text().await.unwrap();
    for (node, _) in nodes {
        node.shutdown().await;
    }
    metrics
}

#[tokio::test(flavor = "multi_thread")]
async fn by_redis() {
    let redis = Redis::start().await;
    let metrics = both_hear_both(Some(&redis), short_or_long(2_000, 20_000)).await;
    assert!(metrics.contains("automoderate_event_sources_total{source=\"node\"}"), "{metrics}");
    assert!(metrics.contains("\nautomoderate_redis_up 1\n"), "{metrics}");
}

/// Without a Redis it only takes longer.
#[tokio::test(flavor = "multi_thread")]
async fn by_looking_into_the_database() {
    let metrics = both_hear_both(None, short_or_long(500, 5_000)).await;
    assert!(metrics.contains("automoderate_event_sources_total{source=\"log\"}"), "{metrics}");
    assert!(!metrics.contains("redis"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_is_elsewhere_at_once() {
    let redis = Redis::start().await;
    let cluster = Cluster::start().await;
    let [(first, one), (second, _)] = two(&cluster, Some(&redis)).await;
    let mut socket = Socket::connect_with(&second, &one.key).await;
    socket.join(&one.project_id).await;
    let mut times = Vec::new();
    for n in 0..50 {
        let post = http().post(format!("{}/api/moderate", one.base_url)).header("x-api-key", &one.key);
        post.json(&json!({"content": format!("{n}")})).send().await.unwrap().error_for_status().unwrap();
        let answered = Instant::now();
        socket.event("moderation_update").await;
        times.push(answered.elapsed());
        // Each node's statistics cover the whole project.
        let stats = socket.event("stats_update").await;
        assert!(stats["total_content"].as_i64().unwrap() <= n + 1);
    }
    times.sort();
    // The next read of the database would be 2 s later.
    assert!(times[25] < Duration::from_millis(200), "{times:?}");
    eprintln!("from the answer of one node to the event at the other: median {:?}, worst {:?}", times[25], times[49]);
    first.shutdown().await;
    second.shutdown().await;
}

/// The number of nodes is known, and no longer counts one that ended.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_counted() {
    let cluster = Cluster::start().await;
    let [(first, access), (second, _)] = two(&cluster, None).await;
    let count = async || {
        let metrics = http().get(format!("{}/metrics", access.base_url)).send().await.unwrap().text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("automoderate_nodes ")).unwrap().to_owned();
        line.parse::<usize>().unwrap()
    };
    eventually("two", async || count().await == 2).await;
    second.shutdown().await;
    eventually("one", async || count().await == 1).await;
    first.shutdown().await;
}

/// A program that reaches Redis can neither send events to clients nor stop theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_message_is_dropped() {
    let redis = Redis::start().await;
    let cluster = Cluster::start().await;
    let [(first, one), (second, other)] = two(&cluster, Some(&redis)).await;
    let mut socket = Socket::connect_with(&second, &one.key).await;
    socket.join(&one.project_id).await;
    let client = ::redis::Client::open(redis.url()).unwrap();
    let mut attacker = client.get_multiplexed_async_connection().await.unwrap();
    let mut channels: Vec<String> = Vec::new();
    eventually("the node listens", async || {
        let query = ::redis::cmd("PUBSUB").arg("CHANNELS").arg("automoderate:*").to_owned();
        channels = query.query_async(&mut attacker.clone()).await.unwrap();
        !channels.is_empty()
    })
    .await;
    let forged = json!({
        "node": "forged",
        "project_id": one.project_id,
        "events": [[1, "moderation_update", {"forged": true}], [i64::MAX, "moderation_update", {"forged": true}]],
    });
    for bytes in [forged.to_string(), format!("{}{forged}", "0".repeat(32))] {
        ::redis::cmd("PUBLISH").arg(&channels[0]).arg(bytes).exec_async(&mut attacker).await.unwrap();
    }
    eventually("both are counted", async || {
        let metrics = http().get(format!("{}/metrics", other.base_url)).send().await.unwrap().text().await.unwrap();
        metrics.contains("automoderate_node_messages_unauthenticated_total 2\n")
    })
    .await;
    let post = http().post(format!("{}/api/moderate", one.base_url)).header("x-api-key", &one.key);
    post.json(&json!({"content": "fine"})).send().await.unwrap().error_for_status().unwrap();
    let event = socket.event("moderation_update").await;
    assert_eq!((&event["forged"], &event["status"]), (&serde_json::Value::Null, &"approved".into()), "{event}");
    first.shutdown().await;
    second.shutdown().await;
}
