//! The SDK against this server, from the users' perspective.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod credentials;
mod cursors;
#[path = "../it/databases.rs"]
mod databases;
mod failover;
mod interruptions;
mod limits;
mod network;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod program;
mod pulled;
mod relay;
mod rest_calls;
mod secure;
mod slow_readers;
mod transports;
mod wires;

mod support {
    pub(crate) use crate::wires::PATIENCE;
}
