//! Lost and duplicated events under faults, for this SDK, npm socket.io-client, and python-socketio side by side.
//!
//! Each run has one server, one repeated fault, and three clients, each of which connects through its own relay. The stock clients follow
//! the documentation: they use the documented reconnection settings, and rejoin their rooms on `connect`.
//!
//! `cargo xtask prove reliability` runs all faults and prints a table to stdout. `cargo xtask prove reliability -- cut kill` runs
//! only these two.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]

mod fault;
#[path = "../library.rs"]
#[allow(dead_code, reason = "other programs use the rest")]
mod library;
mod reader;
mod relay;
mod server;
mod submitter;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use fault::Fault;
use reader::{ClientKind, EventRecorder};
use relay::FaultRelay;
use server::DemoServer;
use submitter::ItemSubmitter;

/// Time during which items are submitted in each run.
const RUN_DURATION: Duration = Duration::from_secs(56);
/// Ping interval and ping timeout in seconds, short enough to notice dead connections within a run.
pub(crate) const PING_SECONDS: [&str; 2] = ["3", "2"];
/// Delay between two faults, long enough for a connection to count as stable.
const FAULT_INTERVAL: Duration = Duration::from_secs(7);
/// Time without an event after which a client is assumed to have received all events. The timeout exceeds a minute, because
/// connection attempts are limited per minute.
const QUIET_TIMEOUT: Duration = Duration::from_secs(65);

#[tokio::main]
async fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    println!("| fault | transport | events | faults | this SDK | socket.io-client | python-socketio |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for fault in fault::ALL_FAULTS {
        if !chosen.is_empty() && !chosen.iter().any(|name| name == fault.name()) {
            continue;
        }
        for transport in ["websocket", "polling"] {
            run_fault(fault, transport).await;
        }
    }
    println!("\nlost + twice (longest silence in s)");
}

async fn run_fault(fault: Fault, transport: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = DemoServer::start(folder.path(), 0, PING_SECONDS).await;
    let mut clients = Vec::new();
    for kind in [ClientKind::Sdk, ClientKind::Node, ClientKind::Python] {
        let relay = FaultRelay::start(server.port).await;
        let reader = EventRecorder::start(kind, &relay.url(), transport, &server.ready).await;
        clients.push((relay, reader));
    }
    let submitter = ItemSubmitter::start(&server.ready);
    let (started, mut faults) = (Instant::now(), 0);
    while started.elapsed() + FAULT_INTERVAL * 2 < RUN_DURATION {
        sleep(FAULT_INTERVAL).await;
        fault.cause(&mut server, clients.iter().map(|(relay, _)| relay), folder.path()).await;
        faults += usize::from(fault != Fault::None);
    }
    sleep(RUN_DURATION.saturating_sub(started.elapsed())).await;
    let submitted = submitter.stop().await;
    let mut cells = Vec::new();
    for (_relay, reader) in clients {
        let (seen, silence) = reader.finish(&submitted, QUIET_TIMEOUT).await;
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for id in &seen {
            *counts.entry(id).or_default() += 1;
        }
        let missing: Vec<_> = (0..submitted.len()).filter(|n| !counts.contains_key(submitted[*n].as_str())).collect();
        if cells.is_empty() && !missing.is_empty() {
            eprintln!("{} {transport}: this SDK lacks {missing:?}", fault.name());
        }
        let lost = missing.len();
        let twice: usize = counts.values().map(|count| count - 1).sum();
        cells.push(format!("{lost} + {twice} ({:.1})", silence.as_secs_f64()));
    }
    println!("| {} | {transport} | {} | {faults} | {} |", fault.name(), submitted.len(), cells.join(" | "));
}
