//! The reference server under load. Fan-out and memory are compared with those of a bare socketioxide server that has
//! the same ping settings and size limits.
//!
//! Each server runs in its own process, so that its CPU time and memory can be measured separately. The clients run in
//! this process.
//!
//! - *fan-out*: events to 200 sockets in a room, also compared with npm socket.io, python-socketio and Flask-SocketIO
//!   if they are installed;
//! - *idle*: the memory per idle connection;
//! - *submissions*: durable `POST /api/moderate` from 32 connections, with 50 keyword rules and 20 regex rules, without
//!   and with idempotency keys, and with 1,000 of each kind of rule;
//! - *latency*: the time from a submission until its event arrives at a client, at 1,000 submissions per second.
//!
//! `cargo bench -p automoderate-server --bench reference -- fan-out latency` runs these two measurements; without names,
//! the command runs all of them. `--quick` shortens the run. `--rounds N` sets the number of measured rounds; *idle* has
//! at most five, and *latency* always has one. `cargo xtask bench postgres` runs *submissions* on PostgreSQL, with the 70
//! rules only.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]

mod bare_socketioxide;
mod child;
mod fan_out;
mod http;
mod idle;
mod latency;
mod reference_server;
#[path = "../report/mod.rs"]
mod report;
mod socket;
mod submissions;
mod usage;

use std::time::Duration;

/// Options for all measurements.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BenchOptions {
    quick: bool,
    rounds: usize,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    match std::env::var(child::ROLE_VARIABLE).as_deref() {
        Ok(reference_server::FEW_RULES_ROLE) => return reference_server::run(50, 20).await,
        Ok(reference_server::MANY_RULES_ROLE) => return reference_server::run(1_000, 1_000).await,
        Ok("bare") => return bare_socketioxide::run().await,
        _ => {}
    }
    let at = arguments.iter().position(|argument| argument == "--rounds");
    let rounds = at.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let quick = has("--quick");
    let options = BenchOptions { quick, rounds: rounds.unwrap_or(if quick { 2 } else { 7 }) };
    let is_chosen =
        |name: &str| has(name) || !["fan-out", "idle", "submissions", "latency"].iter().any(|name| has(name));
    if is_chosen("fan-out") {
        fan_out::measure(options).await;
    }
    if is_chosen("idle") {
        idle::measure(options).await;
    }
    if is_chosen("submissions") {
        submissions::measure(options).await;
    }
    if is_chosen("latency") {
        latency::measure(options).await;
    }
}

/// Ping interval and timeout: longer than any run, because the clients of this benchmark answer no pings.
pub(crate) const LONG_PING: Duration = Duration::from_secs(600);
