//! A client that records the ids of the items in the events that it receives.

use std::collections::HashSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::library::Library;
use crate::server::program_path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// The program `automod-tail`, which uses the SDK.
    Sdk,
    Node,
    /// The `AsyncClient` of python-socketio.
    Python,
}

/// A running client, with the ids of the items that it has received.
pub(crate) struct EventRecorder {
    /// Task that reads the client's output and returns the longest time without an event.
    task: JoinHandle<Duration>,
    /// Ids of the items in all received events.
    received_ids: Arc<Mutex<Vec<String>>>,
    /// Number of received events, and the time of the last event.
    progress: watch::Receiver<(usize, Instant)>,
    child: Child,
}

impl EventRecorder {
    /// Starts a client. A stock client has joined the project when this function returns.
    pub(crate) async fn start(kind: ClientKind, url: &str, transport: &str, ready: &Value) -> Self {
        let (project, key) = (ready["project_id"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
        let mut command = match kind {
            ClientKind::Sdk => {
                let mut command = Command::new(program_path("automod-tail"));
                command.args([
                    "--url",
                    url,
                    "--api-key",
                    key,
                    "--project",
                    project,
                    "--json",
                    "--transport",
                    transport,
                ]);
                // The program does not report its join, so a replay from the start ensures that it misses no event.
                command.args(["--after", "0"]);
                command.stderr(Stdio::null());
                command
            }
            ClientKind::Node => Library::Node.command(),
            ClientKind::Python => Library::PythonAsync.command(),
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stdin = child.stdin.take().unwrap();
        if kind != ClientKind::Sdk {
            let connect = json!({
                "do": "connect", "url": url, "transports": [transport], "query": {"api_key": key}, "headers": {},
            });
            send_command(&mut stdin, &connect).await;
        }
        let join = json!({"do": "emit", "event": "join_project", "args": [{"project_id": project}]});
        let (progress_sender, progress) = watch::channel((0, Instant::now()));
        let (joined, has_joined) = tokio::sync::oneshot::channel();
        let received_ids = Arc::new(Mutex::new(Vec::new()));
        let all = received_ids.clone();
        let task = tokio::spawn(async move {
            let (mut silence, mut joined) = (Duration::ZERO, Some(joined));
            while let Ok(Some(line)) = lines.next_line().await {
                let line: Value = serde_json::from_str(&line).unwrap();
                match line["event"].as_str().unwrap_or_default() {
                    "connect" => send_command(&mut stdin, &join).await,
                    "joined_project" => drop(joined.take().map(|joined| joined.send(()))),
                    "moderation_update" => {
                        let data = if line["data"].is_object() { &line["data"] } else { &line["args"][0] };
                        let mut received_ids = all.lock().unwrap();
                        received_ids.push(data["content_id"].as_str().unwrap().to_owned());
                        if received_ids.len() > 1 {
                            silence = silence.max(progress_sender.borrow().1.elapsed());
                        }
                        progress_sender.send_replace((received_ids.len(), Instant::now()));
                    }
                    _ => {}
                }
            }
            silence
        });
        if kind != ClientKind::Sdk {
            timeout(Duration::from_secs(20), has_joined).await.expect("the client joins in time").unwrap();
        }
        Self { task, received_ids, progress, child }
    }

    /// Waits until all published items have arrived, or until no item has arrived for `quiet`. Returns the ids of the items that arrived,
    /// and the longest time without an item.
    pub(crate) async fn finish(mut self, published: &[String], quiet: Duration) -> (Vec<String>, Duration) {
        loop {
            let (count, last_at) = *self.progress.borrow_and_update();
            // The count alone does not suffice, because items that a killed server stored without an acknowledgement
            // also arrive.
            if count >= published.len() && self.has_received(published) {
                break;
            }
            let more = timeout(quiet.saturating_sub(last_at.elapsed()), self.progress.changed());
            if !more.await.is_ok_and(|changed| changed.is_ok()) {
                break;
            }
        }
        self.child.kill().await.unwrap();
        let silence = self.task.await.unwrap();
        (std::mem::take(&mut *self.received_ids.lock().unwrap()), silence)
    }

    fn has_received(&self, published: &[String]) -> bool {
        let received_ids = self.received_ids.lock().unwrap();
        let received_ids: HashSet<&String> = received_ids.iter().collect();
        published.iter().all(|id| received_ids.contains(id))
    }
}

async fn send_command(stdin: &mut ChildStdin, command: &Value) {
    stdin.write_all(format!("{command}\n").as_bytes()).await.unwrap();
}
