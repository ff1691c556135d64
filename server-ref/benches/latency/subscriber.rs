//! The program that waits for the events, in its own process and in any language.

use std::process::Stdio;

use automoderate::{Client, Event};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::clock;

/// The argument that makes this program the Rust subscriber.
const ROLE: &str = "--subscriber";

/// A language, and the words of its subscriber's command.
pub(crate) type Language = (&'static str, Vec<String>);

/// The languages whose programs exist: `cargo xtask bench latency` names them.
pub(crate) fn languages() -> Vec<Language> {
    let this = std::env::current_exe().unwrap().display().to_string();
    let mut all = vec![("Rust", vec![this, ROLE.to_owned()])];
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
    /// Returns once it has joined.
    pub(crate) async fn start(words: &[String], url: &str, (project, key): &(String, String), events: usize) -> Self {
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .args([url, key, project, &events.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
        Self { lines, _child: child }
    }

    /// Microseconds, event by event, once all have arrived.
    pub(crate) async fn times(mut self) -> Vec<i64> {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

/// Runs this process as the Rust subscriber, if that is its role.
pub(crate) async fn run() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, url, key, project, events] = &arguments[..] else { return false };
    if role != ROLE {
        return false;
    }
    let events: usize = events.parse().unwrap();
    let client = Client::builder(url).api_key(key.as_str()).event_buffer(1_000_000).connect().await.unwrap();
    let mut stream = client.join(project.as_str()).await.unwrap().events();
    println!("ready");
    let mut times = Vec::with_capacity(events);
    while times.len() < events {
        match stream.next().await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => {
                let (sent, _) = update.content_preview.split_once(' ').unwrap();
                times.push(clock::micros() - sent.parse::<i64>().unwrap());
            }
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
    client.close().await;
    println!("{}", serde_json::to_string(&times).unwrap());
    true
}
