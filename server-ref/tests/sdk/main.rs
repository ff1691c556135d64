//! The SDK against this server: what users of both would see.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod credentials;
mod cursors;
#[path = "../it/databases.rs"]
mod databases;
mod interruptions;
mod limits;
mod network;
mod pulled;
mod relay;
mod rest_calls;
mod secure;
mod slow_readers;
mod transports;
mod wires;
