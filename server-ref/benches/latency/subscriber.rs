//! The user's program that receives the events. It runs in a separate process, and is written in Rust, Python, JavaScript
//! or Swift.

use std::process::Stdio;

use automoderate::{Client, Event};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::clock;

/// Argument that makes this program the subscriber in Rust.
const SUBSCRIBER_ARGUMENT: &str = "--subscriber";

/// Name of a language, and the words of its subscriber's command.
pub(crate) type Language = (&'static str, Vec<String>);

/// Returns Rust, and the other languages whose variables are set. `cargo xtask bench latency` sets these variables, that
/// of Swift only if Swift can be set up.
pub(crate) fn languages() -> Vec<Language> {
    let this = std::env::current_exe().unwrap().display().to_string();
    let mut all = vec![("Rust", vec![this, SUBSCRIBER_ARGUMENT.to_owned()])];
    let bindings = concat!(env!("CARGO_MANIFEST_DIR"), "/../bindings-");
    for (name, variable, script) in [
        ("Python", "LATENCY_PYTHON", Some("python/benches/latency.py")),
        ("Node", "LATENCY_NODE", Some("node/benches/latency.mjs")),
        ("Swift", "LATENCY_SWIFT", None),
    ] {
        let Ok(command) = std::env::var(variable) else {
            eprintln!("SKIPPED: {name}, because {variable} is not set");
            continue;
        };
        let script = script.map(|script| format!("{bindings}{script}"));
        all.push((name, command.split_whitespace().map(str::to_owned).chain(script).collect()));
    }
    all
}

pub(crate) struct Subscriber {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Subscriber {
    /// Starts the program, and returns once it has joined the project.
    pub(crate) async fn start(command: &[String], url: &str, (project, key): &(String, String), events: usize) -> Self {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .args([url, key, project, &events.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
        Self { lines, _child: child }
    }

    /// Waits until all events have arrived. Returns their latencies in microseconds, in the order of arrival.
    pub(crate) async fn latencies(mut self) -> Vec<i64> {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

/// Runs the subscriber in Rust if the arguments request it. Returns true if they do.
pub(crate) async fn run_if_requested() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [argument, url, key, project, events] = &arguments[..] else { return false };
    if argument != SUBSCRIBER_ARGUMENT {
        return false;
    }
    let events: usize = events.parse().unwrap();
    let client = Client::builder(url).api_key(key.as_str()).event_buffer(1_000_000).connect().await.unwrap();
    let mut stream = client.join(project.as_str()).await.unwrap().events();
    println!("ready");
    let mut latencies = Vec::with_capacity(events);
    while latencies.len() < events {
        match stream.next().await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => {
                let (sent, _) = update.content_preview.split_once(' ').unwrap();
                latencies.push(clock::monotonic_micros() - sent.parse::<i64>().unwrap());
            }
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
    client.close().await;
    println!("{}", serde_json::to_string(&latencies).unwrap());
    true
}
