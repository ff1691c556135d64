//! The events of a commit on any node reach the clients of all nodes, each once and in the order of ids. Clients without replay have the
//! same guarantee.

use std::time::{Duration, Instant};

use automoderate_server::RunningServer;
use serde_json::json;

use crate::cluster::PostgresCluster;
use crate::listener::EventListener;
use crate::load::{Load, SubmissionTally};
use crate::recording_client::{RecordingClient, logged_decision_ids};
use crate::redis::RedisServer;
use crate::short_or_long;
use crate::stored_data::Access;
use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, eventually, http_client};

const CONNECTIONS: usize = 8;

/// Starts two nodes, and returns each with its address and the demo credentials.
async fn start_two_nodes(cluster: &PostgresCluster, redis: Option<&RedisServer>) -> [(RunningServer, Access); 2] {
    let builder = demo_server_builder().database(cluster.create_test_database());
    let builder = match redis {
        Some(redis) => builder.redis(redis.url()),
        None => builder,
    };
    let first = builder.clone().start().await.unwrap();
    let second = builder.demo(false).start().await.unwrap();
    let access = Access { base_url: first.base_url(), key: demo_api_key(&first), project_id: demo_project_id(&first) };
    let other = Access { base_url: second.base_url(), ..access.clone() };
    [(first, access), (second, other)]
}

/// Submits items to both nodes, checks that the clients of both nodes receive the items in order, and returns the metrics of the first
/// node.
async fn check_order_on_both_nodes(redis: Option<&RedisServer>, items_per_node: usize) -> String {
    let cluster = PostgresCluster::start().await;
    let nodes = start_two_nodes(&cluster, redis).await;
    let (mut listeners, mut watchers) = (Vec::new(), Vec::new());
    for (_, access) in &nodes {
        listeners.push(EventListener::start(access, 2 * items_per_node).await);
        watchers.push(RecordingClient::start(&access.base_url, access, 2 * items_per_node).await);
    }
    let mut tally = SubmissionTally::default();
    let loads =
        nodes.each_ref().map(|(_, access)| Load::start(&access.base_url, &access.key, items_per_node, CONNECTIONS));
    for load in loads {
        tally += load.finish().await;
    }
    assert_eq!(nodes[0].1.check_consistency(&tally).await, 2 * items_per_node);
    let log = logged_decision_ids(&nodes[0].1).await;
    for (listener, (_, access)) in listeners.into_iter().zip(&nodes) {
        listener.expect_whole_log(access).await;
    }
    for watcher in watchers {
        watcher.expect_exactly(&log).await;
    }
    let metrics =
        http_client().get(format!("{}/metrics", nodes[0].1.base_url)).send().await.unwrap().text().await.unwrap();
    for (node, _) in nodes {
        node.shutdown().await;
    }
    metrics
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_all_nodes_through_redis() {
    let redis = RedisServer::start().await;
    let metrics = check_order_on_both_nodes(Some(&redis), short_or_long(2_000, 20_000)).await;
    assert!(metrics.contains("automoderate_event_sources_total{source=\"node\"}"), "{metrics}");
    assert!(metrics.contains("\nautomoderate_redis_up 1\n"), "{metrics}");
}

/// Without Redis, events arrive later, but they all arrive in order.
#[tokio::test(flavor = "multi_thread")]
async fn events_reach_all_nodes_through_the_database() {
    let metrics = check_order_on_both_nodes(None, short_or_long(500, 5_000)).await;
    assert!(metrics.contains("automoderate_event_sources_total{source=\"log\"}"), "{metrics}");
    assert!(!metrics.contains("redis"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_other_node_at_once() {
    let redis = RedisServer::start().await;
    let cluster = PostgresCluster::start().await;
    let [(first, one), (second, _)] = start_two_nodes(&cluster, Some(&redis)).await;
    let mut socket = Socket::connect_with_key(&second, &one.key).await;
    socket.join(&one.project_id).await;
    let mut times = Vec::new();
    for n in 0..50 {
        let post = http_client().post(format!("{}/api/moderate", one.base_url)).header("x-api-key", &one.key);
        post.json(&json!({"content": format!("{n}")})).send().await.unwrap().error_for_status().unwrap();
        let answered = Instant::now();
        socket.next_event("moderation_update").await;
        times.push(answered.elapsed());
        // The next update may be an older one, so its count may be lower than the number of submitted items, but never higher.
        let stats = socket.next_event("stats_update").await;
        assert!(stats["total_content"].as_i64().unwrap() <= n + 1);
    }
    times.sort();
    // Without the message through Redis, the node could take up to 2 s to find the event in the database.
    assert!(times[25] < Duration::from_millis(200), "{times:?}");
    eprintln!("delay from one node's answer to the event on the other: median {:?}, worst {:?}", times[25], times[49]);
    first.shutdown().await;
    second.shutdown().await;
}

/// `automoderate_nodes` counts all nodes, and no longer counts a node that has ended.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_counted() {
    let cluster = PostgresCluster::start().await;
    let [(first, access), (second, _)] = start_two_nodes(&cluster, None).await;
    let count = async || {
        let metrics =
            http_client().get(format!("{}/metrics", access.base_url)).send().await.unwrap().text().await.unwrap();
        let line = metrics.lines().find_map(|line| line.strip_prefix("automoderate_nodes ")).unwrap().to_owned();
        line.parse::<usize>().unwrap()
    };
    eventually("two nodes are counted", async || count().await == 2).await;
    second.shutdown().await;
    eventually("one node is counted", async || count().await == 1).await;
    first.shutdown().await;
}

/// A program that can reach Redis but does not know the nodes' secret can neither send events to clients nor block real events.
#[tokio::test(flavor = "multi_thread")]
async fn forged_messages_are_dropped() {
    let redis = RedisServer::start().await;
    let cluster = PostgresCluster::start().await;
    let [(first, one), (second, other)] = start_two_nodes(&cluster, Some(&redis)).await;
    let mut socket = Socket::connect_with_key(&second, &one.key).await;
    socket.join(&one.project_id).await;
    let client = ::redis::Client::open(redis.url()).unwrap();
    let mut attacker = client.get_multiplexed_async_connection().await.unwrap();
    let mut channels: Vec<String> = Vec::new();
    eventually("a node subscribes", async || {
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
    eventually("both forged messages are counted", async || {
        let metrics =
            http_client().get(format!("{}/metrics", other.base_url)).send().await.unwrap().text().await.unwrap();
        metrics.contains("automoderate_node_messages_unauthenticated_total 2\n")
    })
    .await;
    let post = http_client().post(format!("{}/api/moderate", one.base_url)).header("x-api-key", &one.key);
    post.json(&json!({"content": "fine"})).send().await.unwrap().error_for_status().unwrap();
    let event = socket.next_event("moderation_update").await;
    assert_eq!((&event["forged"], &event["status"]), (&serde_json::Value::Null, &"approved".into()), "{event}");
    first.shutdown().await;
    second.shutdown().await;
}
