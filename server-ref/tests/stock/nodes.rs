//! Third-party Socket.IO clients at two nodes of one server: items of either node reach the clients of both, each event
//! once and, where the client keeps it, in order.
//!
//! `make test-nodes` sets up their dependencies.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::time::Instant;

use serde_json::json;

#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod client;
mod library;

#[path = "../store/cluster.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod cluster;
#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "of the server's own tests, which use all of it")]
mod databases;
#[path = "../store/load.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod load;
#[path = "../nodes/redis.rs"]
#[allow(dead_code, reason = "of the tests of the nodes, which use all of it")]
mod redis;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "of the server's own tests, which use all of it")]
mod support;

use client::{Client, TRANSPORTS};
use cluster::Cluster;
use library::{LIBRARIES, Library};
use load::Load;
use redis::Redis;
use support::{key, project, server};

/// To each node.
const CONTENTS: usize = 40;
/// Every fourth item names an author, which causes another event.
const EVENTS: usize = 2 * (CONTENTS + CONTENTS / 4);

#[tokio::test(flavor = "multi_thread")]
async fn what_either_node_is_given_comes_to_both_in_order() {
    let (cluster, redis) = (Cluster::start().await, Redis::start().await);
    let builder = server().database(cluster.database()).redis(redis.url());
    let first = builder.clone().start().await.unwrap();
    let second = builder.demo(false).start().await.unwrap();
    let (id, key) = (project(&first), key(&first));
    let urls = [first.base_url(), second.base_url()];
    for library in LIBRARIES {
        for transports in TRANSPORTS {
            let started = Instant::now();
            let mut clients = Vec::new();
            let mut head = 0;
            for url in &urls {
                let mut client = Client::start(library);
                client.dial(url, transports, json!({"api_key": key}), json!({})).await;
                client.event("connect").await;
                head = client.join(&id).await["event_id"].as_u64().unwrap();
                clients.push(client);
            }
            for load in urls.each_ref().map(|url| Load::start(url, &key, CONTENTS, 4)) {
                let tally = load.finish().await;
                assert_eq!((tally.ids.len(), tally.unanswered, tally.refused.len()), (CONTENTS, 0, 0));
            }
            for mut client in clients {
                let mut ids = Vec::new();
                while ids.len() < EVENTS {
                    let (_, event) = client.either(&["moderation_update", "user_activity"]).await;
                    ids.push(event["event_id"].as_u64().unwrap());
                }
                if library == Library::PythonSync {
                    // It calls each handler in its own thread, and they overtake each other.
                    ids.sort_unstable();
                }
                assert!(ids.iter().copied().eq(head + 1..=head + EVENTS as u64), "{library:?}: {ids:?} after {head}");
                client.disconnect().await;
            }
            let order = if library == Library::PythonSync { "each once" } else { "in order" };
            eprintln!("{library:?} over {transports:?}: 2 x {EVENTS} events {order}, in {:.1?}", started.elapsed());
        }
    }
    first.shutdown().await;
    second.shutdown().await;
}
