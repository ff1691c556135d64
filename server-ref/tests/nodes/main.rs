//! Several nodes on one PostgreSQL, with a Redis between them, act as one server to clients, even when a node, the
//! database or Redis goes away.
//!
//! `make test-nodes` sets up their services. `NODES_LONG=1` makes faults last as long as documented, and loads larger.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod alerts;
mod balancer;
mod drain_under_load;
mod faults_under_load;
mod order;
mod prometheus;
mod redis;
mod rolling_upgrade;
mod watcher;

#[path = "../store/books.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod books;
#[path = "../store/cluster.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod cluster;
#[path = "../it/databases.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod databases;
#[path = "../store/disk.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod disk;
#[path = "../store/listener.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod listener;
#[path = "../store/load.rs"]
#[allow(dead_code, reason = "of the tests of the store, which use all of it")]
mod load;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod program;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod support;

/// The first number, or the second in long runs.
fn short_or_long(short: usize, long: usize) -> usize {
    if std::env::var_os("NODES_LONG").is_some() { long } else { short }
}
