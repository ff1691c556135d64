//! Lost and duplicated events under faults: this SDK, npm socket.io-client and python-socketio side by side.
//!
//! Each run has one server, one repeated fault, and the three clients, each with its own relay. The stock clients
//! follow the documentation: its reconnection settings, and rooms rejoined by hand on `connect`.
//!
//! `cargo xtask prove reliability [-- cut kill]`; the table goes to stdout.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]

mod fault;
#[path = "../library.rs"]
#[allow(dead_code, reason = "of the tests, which use all of it")]
mod library;
mod publisher;
mod reader;
mod relay;
mod server;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use fault::Fault;
use publisher::Publisher;
use reader::{Reader, Who};
use relay::Relay;
use server::Program;

/// The duration of the events.
const RUN: Duration = Duration::from_secs(56);
/// Dead connections are to be noticed within a run: seconds between pings, and for an answer.
pub(crate) const PINGS: [&str; 2] = ["3", "2"];
/// The pause between two faults, long enough for a connection to count as stable.
const PAUSE: Duration = Duration::from_secs(7);
/// Without an event for so long, everybody has what they will get: attempts to connect are limited per minute.
const QUIET: Duration = Duration::from_secs(65);

#[tokio::main]
async fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    println!("| fault | transport | events | faults | this SDK | socket.io-client | python-socketio |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    for fault in fault::ALL {
        if !chosen.is_empty() && !chosen.iter().any(|name| name == fault.name()) {
            continue;
        }
        for transport in ["websocket", "polling"] {
            run(fault, transport).await;
        }
    }
    println!("\nlost + twice (longest silence in s)");
}

async fn run(fault: Fault, transport: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Program::start(folder.path(), 0, PINGS).await;
    let mut clients = Vec::new();
    for who in [Who::Sdk, Who::Node, Who::Python] {
        let relay = Relay::start(server.port).await;
        let reader = Reader::start(who, &relay.url(), transport, &server.ready).await;
        clients.push((relay, reader));
    }
    let publisher = Publisher::start(&server.ready);
    let (started, mut strokes) = (Instant::now(), 0);
    while started.elapsed() + PAUSE * 2 < RUN {
        sleep(PAUSE).await;
        fault.strike(&mut server, clients.iter().map(|(relay, _)| relay), folder.path()).await;
        strokes += usize::from(fault != Fault::None);
    }
    sleep(RUN.saturating_sub(started.elapsed())).await;
    let published = publisher.stop().await;
    let mut cells = Vec::new();
    for (_relay, reader) in clients {
        let (seen, silence) = reader.finish(&published, QUIET).await;
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for id in &seen {
            *counts.entry(id).or_default() += 1;
        }
        let missing: Vec<_> = (0..published.len()).filter(|n| !counts.contains_key(published[*n].as_str())).collect();
        if cells.is_empty() && !missing.is_empty() {
            eprintln!("{} {transport}: this SDK lacks {missing:?}", fault.name());
        }
        let lost = missing.len();
        let twice: usize = counts.values().map(|count| count - 1).sum();
        cells.push(format!("{lost} + {twice} ({:.1})", silence.as_secs_f64()));
    }
    println!("| {} | {transport} | {} | {strokes} | {} |", fault.name(), published.len(), cells.join(" | "));
}
