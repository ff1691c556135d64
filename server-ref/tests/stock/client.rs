//! A stock client in its own process, which follows commands and reports its events.

use std::collections::VecDeque;
use std::process::Stdio;

use automoderate_server::RunningServer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::library::Library;
use crate::support::{TIMEOUT, demo_api_key};

/// Names of transports, as the clients expect them.
pub(crate) type Transports = &'static [&'static str];

/// The combinations of transports; polling with an upgrade is the default of most clients.
pub(crate) const TRANSPORTS: [Transports; 3] = [&["polling", "websocket"], &["websocket"], &["polling"]];

/// A client's process, which ends when the value is dropped.
pub(crate) struct StockClient {
    library: Library,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    skipped: VecDeque<(String, Vec<Value>)>,
    _child: Child,
}

impl StockClient {
    pub(crate) fn start(library: Library) -> Self {
        let mut command = library.command();
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { library, stdin: child.stdin.take().unwrap(), lines, skipped: VecDeque::new(), _child: child }
    }

    /// Connects a client with the demo key.
    pub(crate) async fn connect(library: Library, transports: Transports, server: &RunningServer) -> Self {
        let mut client = Self::start(library);
        client
            .start_connecting(&server.base_url(), transports, json!({"api_key": demo_api_key(server)}), json!({}))
            .await;
        client.next_event("connect").await;
        client
    }

    /// Starts to connect, without waiting for the result.
    pub(crate) async fn start_connecting(&mut self, url: &str, transports: Transports, query: Value, headers: Value) {
        let command = json!({
            "do": "connect", "url": url, "transports": transports, "query": query, "headers": headers, "delay": 0.1,
        });
        self.send_command(command).await;
    }

    pub(crate) async fn emit(&mut self, event: &str, payload: Value) {
        self.send_command(json!({"do": "emit", "event": event, "args": [payload]})).await;
    }

    pub(crate) async fn emit_without_payload(&mut self, event: &str) {
        self.send_command(json!({"do": "emit", "event": event, "args": []})).await;
    }

    /// Emits an event with a callback, and returns the callback's first argument.
    pub(crate) async fn emit_with_ack(&mut self, event: &str, payload: Value) -> Value {
        self.send_command(json!({"do": "emit", "event": event, "args": [payload], "ack": true})).await;
        self.next_event("ack").await
    }

    pub(crate) async fn join(&mut self, project_id: &str) -> Value {
        self.emit("join_project", json!({"project_id": project_id})).await;
        self.next_event("joined_project").await
    }

    pub(crate) async fn disconnect(&mut self) {
        self.send_command(json!({"do": "disconnect"})).await;
    }

    /// Returns the first argument of the next event with this name, or null if it has no arguments, and keeps other events for
    /// later.
    pub(crate) async fn next_event(&mut self, name: &str) -> Value {
        self.next_event_of(&[name]).await.1
    }

    /// Returns the name and the first argument of the next event with one of these names.
    pub(crate) async fn next_event_of(&mut self, names: &[&str]) -> (String, Value) {
        loop {
            if let Some(at) = self.skipped.iter().position(|(event, _)| names.contains(&&**event)) {
                let (event, arguments) = self.skipped.remove(at).unwrap();
                return (event, arguments.into_iter().next().unwrap_or_default());
            }
            let line = timeout(TIMEOUT, self.lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{:?}: no {names:?} after {:?}", self.library, self.skipped));
            let line = line.unwrap().unwrap_or_else(|| panic!("{:?} ended after {:?}", self.library, self.skipped));
            let mut line: Value = serde_json::from_str(&line).unwrap();
            let arguments = line["args"].take();
            let event = line["event"].as_str().unwrap().to_owned();
            self.skipped.push_back((event, arguments.as_array().cloned().unwrap_or_default()));
        }
    }

    /// Returns true if an event with this name was skipped.
    pub(crate) fn has_skipped(&self, name: &str) -> bool {
        self.skipped.iter().any(|(event, _)| event == name)
    }

    async fn send_command(&mut self, command: Value) {
        self.stdin.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    }
}
