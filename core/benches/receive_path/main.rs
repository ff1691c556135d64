//! The receive path over loopback TCP, compared with a hand-written loop.
//!
//! A sender in its own process sends the documented `moderation_update`, one frame each, as fast as the reader reads.
//! The readers take turns in this process, so that its CPU time is the reader's alone:
//!
//! - `hand-written`: `tokio-tungstenite` and `serde_json` straight into a struct of `String`s;
//! - `Client`: this SDK with everything on, one event at a time from the project's stream;
//! - `Client, batches`: the same, read with `next_batch`;
//! - `rust_socketio`, in its own process, if `PEER` names its program (`make bench` builds it).
//!
//! `cargo bench -p automoderate --bench receive_path [-- --quick | --events N | --rounds N]`; with `--endurance` ten million events go through
//! one client, whose memory must not grow.

mod blaster;
mod by_hand;
mod endurance;
mod ours;
mod peer;
#[path = "../samples/mod.rs"]
mod samples;
mod table;
mod usage;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use table::Row;
use usage::Cost;

/// A server with an event log, which numbers its events, or one without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    None,
    Kept,
}

impl Log {
    /// The sender's project for it.
    const fn project(self) -> &'static str {
        match self {
            Self::None => "proj_plain",
            Self::Kept => "proj_log",
        }
    }
}

type Reader = fn(port: u16, log: Log, events: usize) -> Cost;

const PEER: &str = "rust_socketio";
const READERS: [(&str, Reader); 4] = [
    ("hand-written", by_hand::read),
    ("Client", ours::read),
    ("Client, batches", ours::read_batches),
    (PEER, peer::read),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<usize>().ok()
    };
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let (events, rounds) = if has("--quick") { (50_000, 3) } else { (200_000, 9) };
    let (events, rounds) = (option("--events").unwrap_or(events), option("--rounds").unwrap_or(rounds));
    if has("--blaster") {
        return blaster::run(events);
    }
    if has("--test") || has("--list") {
        // Set by `cargo test --benches`, which only checks that the benchmark runs.
        return;
    }
    let only = arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    let server = Server::start(events);
    if has("--endurance") {
        return endurance::run(server.port, events);
    }
    let mut rows = Vec::new();
    for log in [Log::None, Log::Kept] {
        let there = |name: &str| name != PEER || peer::program().is_some();
        let readers = READERS.iter().filter(|(name, _)| there(name) && only.is_none_or(|only| only == name));
        let mut these: Vec<Row> = readers.map(|(name, _)| Row::new(name, log)).collect();
        // The first round warms up, and does not count.
        for round in 0..=rounds {
            for row in &mut these {
                let (_, read) = READERS.iter().find(|(name, _)| *name == row.name).expect("a reader of this name");
                let cost = read(server.port, log, events);
                if round > 0 {
                    row.costs.push(cost);
                }
            }
        }
        rows.extend(these);
    }
    table::print(&rows, events, rounds);
}

/// The blaster's process; ends with this value.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(events: usize) -> Self {
        let program = std::env::current_exe().expect("this program's path");
        let mut process = Command::new(program)
            .args(["--blaster", "--events", &events.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("the blaster's port");
        Self { process, port: line.trim().parse().expect("a port") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
