//! Behavior tests of the SDK with this server, from the perspective of a user of the SDK.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod batches_and_snapshots;
mod credentials;
mod cursors;
#[path = "../it/databases.rs"]
mod databases;
mod facade;
mod failover;
mod fixtures;
mod interruptions;
mod limits;
mod live_views;
mod network;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod program;
mod relay;
mod repeated_writes;
mod rest_calls;
mod slow_readers;
mod tls;
mod transports;

mod support {
    pub(crate) use crate::fixtures::TIMEOUT;
}
