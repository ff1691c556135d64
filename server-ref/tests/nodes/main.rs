//! To clients, several nodes that share a PostgreSQL database and a Redis server behave like one server, even if a node, the
//! database, or Redis is lost.
//!
//! `make test-nodes` sets up the services. With `NODES_LONG=1`, outages of Redis last longer, and the loads are larger.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod alerts;
mod balancer;
mod drain_under_load;
mod faults_under_load;
mod order;
mod prometheus;
mod recording_client;
mod redis;
mod rolling_upgrade;

#[path = "../store/cluster.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod cluster;
#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod databases;
#[path = "../store/disk.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod disk;
#[path = "../store/listener.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod listener;
#[path = "../store/load.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod load;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod program;
#[path = "../store/stored_data.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod stored_data;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod support;

/// Returns the first number, or the second number in long runs.
fn short_or_long(short: usize, long: usize) -> usize {
    if std::env::var_os("NODES_LONG").is_some() { long } else { short }
}
