//! The SDK's receive path over loopback TCP, compared with a hand-written loop and another library.
//!
//! A sender in its own process sends the documented `moderation_update`, one per frame, as fast as the reader reads.
//! The readers take turns, so that the measured CPU time is the current reader's alone:
//!
//! - `hand-written`: a loop over `tokio-tungstenite`; `serde_json` decodes each event straight into a struct;
//! - `Client`: this SDK with all of its features, reading one event at a time from the project's stream;
//! - `Client, batches`: this SDK, reading several events at a time with `next_batch`;
//! - `rust_socketio`: a different library, in its own process. This reader is included only if the environment variable
//!   `PEER` contains the path of its program, which `make bench` builds.
//!
//! Run the benchmark with `cargo bench -p automoderate --bench receive_path [-- --quick | --events N | --rounds N]`.
//! With `--endurance`, ten million events pass through one client, and the memory of this process must not keep
//! growing.

mod endurance;
mod hand_written;
#[path = "../samples/mod.rs"]
mod samples;
mod sdk;
mod sender;
mod table;
mod third_party_client;
mod usage;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use table::ReaderResult;
use usage::Cost;

/// Presence of an event log on the server. A server with an event log numbers its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventLog {
    Absent,
    Present,
}

impl EventLog {
    /// Returns the id of the sender's project that has an event log, or of the one that has none.
    const fn project_id(self) -> &'static str {
        match self {
            Self::Absent => "proj_plain",
            Self::Present => "proj_log",
        }
    }
}

type ReadFn = fn(port: u16, log: EventLog, events: usize) -> Cost;

const PEER_NAME: &str = "rust_socketio";
const READERS: [(&str, ReadFn); 4] = [
    ("hand-written", hand_written::read),
    ("Client", sdk::read),
    ("Client, batches", sdk::read_batches),
    (PEER_NAME, third_party_client::read),
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
    if has("--sender") {
        return sender::run(events);
    }
    if has("--test") || has("--list") {
        // Test runners pass these flags to check only that the benchmark builds and starts.
        return;
    }
    let only = arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    let server = SenderProcess::start(events);
    if has("--endurance") {
        return endurance::run(server.port, events);
    }
    let mut rows = Vec::new();
    for log in [EventLog::Absent, EventLog::Present] {
        let is_available = |name: &str| name != PEER_NAME || third_party_client::program_path().is_some();
        let readers = READERS.iter().filter(|(name, _)| is_available(name) && only.is_none_or(|only| only == name));
        let mut readers_of_log: Vec<ReaderResult> = readers.map(|(name, _)| ReaderResult::new(name, log)).collect();
        // The first round is a warm-up whose results are discarded.
        for round in 0..=rounds {
            for row in &mut readers_of_log {
                let (_, read) = READERS.iter().find(|(name, _)| *name == row.name).expect("a reader of this name");
                let cost = read(server.port, log, events);
                if round > 0 {
                    row.costs.push(cost);
                }
            }
        }
        rows.extend(readers_of_log);
    }
    table::print_table(&rows, events, rounds);
}

/// The sender's process, which is killed when this value is dropped.
struct SenderProcess {
    process: Child,
    port: u16,
}

impl SenderProcess {
    fn start(events: usize) -> Self {
        let program = std::env::current_exe().expect("this program's path");
        let mut process = Command::new(program)
            .args(["--sender", "--events", &events.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("the sender's port");
        Self { process, port: line.trim().parse().expect("a port") }
    }
}

impl Drop for SenderProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
