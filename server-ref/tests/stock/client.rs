//! A stock client in its own process, which follows orders and reports its events.

use std::collections::VecDeque;
use std::process::Stdio;

use automoderate_server::RunningServer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::library::Library;
use crate::support::{PATIENCE, key};

/// Names of transports, as the clients spell them.
pub(crate) type Transports = &'static [&'static str];

/// Polling with an upgrade is the default of most clients.
pub(crate) const TRANSPORTS: [Transports; 3] = [&["polling", "websocket"], &["websocket"], &["polling"]];

/// A client's process. Ends with the value.
pub(crate) struct Client {
    library: Library,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    seen: VecDeque<(String, Vec<Value>)>,
    _child: Child,
}

impl Client {
    pub(crate) fn start(library: Library) -> Self {
        let mut command = library.command();
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { library, stdin: child.stdin.take().unwrap(), lines, seen: VecDeque::new(), _child: child }
    }

    /// A client that is connected with the demo key.
    pub(crate) async fn connect(library: Library, transports: Transports, server: &RunningServer) -> Self {
        let mut client = Self::start(library);
        client.dial(&server.base_url(), transports, json!({"api_key": key(server)}), json!({})).await;
        client.event("connect").await;
        client
    }

    /// Starts to connect.
    pub(crate) async fn dial(&mut self, url: &str, transports: Transports, query: Value, headers: Value) {
        let command = json!({
            "do": "connect", "url": url, "transports": transports, "query": query, "headers": headers, "delay": 0.1,
        });
        self.tell(command).await;
    }

    pub(crate) async fn emit(&mut self, event: &str, payload: Value) {
        self.tell(json!({"do": "emit", "event": event, "args": [payload]})).await;
    }

    pub(crate) async fn emit_bare(&mut self, event: &str) {
        self.tell(json!({"do": "emit", "event": event, "args": []})).await;
    }

    /// Emits with a callback, and returns the callback's arguments.
    pub(crate) async fn ask(&mut self, event: &str, payload: Value) -> Value {
        self.tell(json!({"do": "emit", "event": event, "args": [payload], "ack": true})).await;
        self.event("ack").await
    }

    pub(crate) async fn join(&mut self, project_id: &str) -> Value {
        self.emit("join_project", json!({"project_id": project_id})).await;
        self.event("joined_project").await
    }

    pub(crate) async fn disconnect(&mut self) {
        self.tell(json!({"do": "disconnect"})).await;
    }

    /// The first argument of the next event of this name, or null; others are kept for later.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        self.either(&[name]).await.1
    }

    /// The same for the first event of one of these names.
    pub(crate) async fn either(&mut self, names: &[&str]) -> (String, Value) {
        loop {
            if let Some(at) = self.seen.iter().position(|(event, _)| names.contains(&&**event)) {
                let (event, arguments) = self.seen.remove(at).unwrap();
                return (event, arguments.into_iter().next().unwrap_or_default());
            }
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{:?}: no {names:?} after {:?}", self.library, self.seen));
            let line = line.unwrap().unwrap_or_else(|| panic!("{:?} ended after {:?}", self.library, self.seen));
            let mut line: Value = serde_json::from_str(&line).unwrap();
            let arguments = line["args"].take();
            let event = line["event"].as_str().unwrap().to_owned();
            self.seen.push_back((event, arguments.as_array().cloned().unwrap_or_default()));
        }
    }

    /// True if an event of this name was skipped.
    pub(crate) fn has_seen(&self, name: &str) -> bool {
        self.seen.iter().any(|(event, _)| event == name)
    }

    async fn tell(&mut self, command: Value) {
        self.stdin.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    }
}
