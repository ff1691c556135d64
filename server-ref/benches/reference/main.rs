//! The reference server under load, compared with bare socketioxide with the same settings.
//!
//! Each server runs in its own process, so that its CPU time and memory are its alone; the clients are in this one.
//!
//! - *fan-out*: events to 200 sockets in a room, also from npm socket.io, python-socketio and Flask-SocketIO if
//!   installed;
//! - *idle*: the memory of an idle connection;
//! - *submissions*: `POST /api/moderate` from 32 connections, 50 keyword and 20 regex rules, and 1,000 of each, durable;
//! - *latency*: from a submission to its event at a client, at 1,000 a second.
//!
//! `cargo bench -p automoderate-server [-- --quick | --rounds N | fan-out | idle | submissions | latency]`; `cargo
//! xtask bench postgres` stores the submissions in PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]

mod bare;
mod child;
mod fan_out;
mod http;
mod idle;
mod latency;
mod ours;
#[path = "../report/mod.rs"]
mod report;
mod socket;
mod submissions;
mod usage;

use std::time::Duration;

/// The options of every measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    quick: bool,
    rounds: usize,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    match std::env::var(child::ROLE).as_deref() {
        Ok(ours::FEW_RULES) => return ours::run(50, 20).await,
        Ok(ours::MANY_RULES) => return ours::run(1_000, 1_000).await,
        Ok("bare") => return bare::run().await,
        _ => {}
    }
    let at = arguments.iter().position(|argument| argument == "--rounds");
    let rounds = at.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let quick = has("--quick");
    let plan = Plan { quick, rounds: rounds.unwrap_or(if quick { 2 } else { 7 }) };
    let chosen = |name: &str| has(name) || !["fan-out", "idle", "submissions", "latency"].iter().any(|name| has(name));
    if chosen("fan-out") {
        fan_out::measure(plan).await;
    }
    if chosen("idle") {
        idle::measure(plan).await;
    }
    if chosen("submissions") {
        submissions::measure(plan).await;
    }
    if chosen("latency") {
        latency::measure(plan).await;
    }
}

/// Longer than any run: the sockets here answer no pings.
pub(crate) const PING: Duration = Duration::from_secs(600);
