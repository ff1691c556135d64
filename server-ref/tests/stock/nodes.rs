//! Third-party Socket.IO clients connected to two nodes of one server. The events of items submitted to either node reach the clients of
//! both nodes, each once and, if the client preserves the order, in order.
//!
//! `make test-nodes` sets up the clients' dependencies.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::time::Instant;

use serde_json::json;

#[allow(dead_code, reason = "other test programs use the rest")]
mod client;
mod library;

#[path = "../store/cluster.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod cluster;
#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod databases;
#[path = "../store/load.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod load;
#[path = "../nodes/redis.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod redis;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod support;

use client::{StockClient, TRANSPORTS};
use cluster::PostgresCluster;
use library::{LIBRARIES, Library};
use load::Load;
use redis::RedisServer;
use support::{demo_api_key, demo_project_id, demo_server_builder};

/// Number of items submitted to each node.
const ITEMS_PER_NODE: usize = 40;
/// Number of expected events: every fourth item names an author, which causes a second event.
const EVENT_COUNT: usize = 2 * (ITEMS_PER_NODE + ITEMS_PER_NODE / 4);

#[tokio::test(flavor = "multi_thread")]
async fn items_of_either_node_reach_the_clients_of_both() {
    let (cluster, redis) = (PostgresCluster::start().await, RedisServer::start().await);
    let builder = demo_server_builder().database(cluster.create_test_database()).redis(redis.url());
    let first = builder.clone().start().await.unwrap();
    let second = builder.demo(false).start().await.unwrap();
    let (id, key) = (demo_project_id(&first), demo_api_key(&first));
    let urls = [first.base_url(), second.base_url()];
    for library in LIBRARIES {
        for transports in TRANSPORTS {
            let started = Instant::now();
            let mut clients = Vec::new();
            let mut head = 0;
            for url in &urls {
                let mut client = StockClient::start(library);
                client.start_connecting(url, transports, json!({"api_key": key}), json!({})).await;
                client.next_event("connect").await;
                head = client.join(&id).await["event_id"].as_u64().unwrap();
                clients.push(client);
            }
            for load in urls.each_ref().map(|url| Load::start(url, &key, ITEMS_PER_NODE, 4)) {
                let tally = load.finish().await;
                assert_eq!((tally.ids.len(), tally.unanswered, tally.refused.len()), (ITEMS_PER_NODE, 0, 0));
            }
            for mut client in clients {
                let mut ids = Vec::new();
                while ids.len() < EVENT_COUNT {
                    let (_, event) = client.next_event_of(&["moderation_update", "user_activity"]).await;
                    ids.push(event["event_id"].as_u64().unwrap());
                }
                if library == Library::PythonSync {
                    // This library calls each handler in its own thread, and the threads may finish in any order.
                    ids.sort_unstable();
                }
                assert!(
                    ids.iter().copied().eq(head + 1..=head + EVENT_COUNT as u64),
                    "{library:?}: {ids:?} after {head}"
                );
                client.disconnect().await;
            }
            let order = if library == Library::PythonSync { "each once" } else { "in order" };
            eprintln!(
                "{library:?} over {transports:?}: 2 x {EVENT_COUNT} events {order}, in {:.1?}",
                started.elapsed()
            );
        }
    }
    first.shutdown().await;
    second.shutdown().await;
}
