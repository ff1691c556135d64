//! A client that records its events.

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
use crate::server::built;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// `automod-tail`.
    Sdk,
    Node,
    /// The `AsyncClient`.
    Python,
}

/// A running client.
pub(crate) struct Reader {
    /// Ends with the longest time without an event.
    task: JoinHandle<Duration>,
    /// The items of all events.
    seen: Arc<Mutex<Vec<String>>>,
    /// The number of events, and the time of the last one.
    last: watch::Receiver<(usize, Instant)>,
    child: Child,
}

impl Reader {
    /// Returns once it has joined the project.
    pub(crate) async fn start(who: Who, url: &str, transport: &str, ready: &Value) -> Self {
        let (project, key) = (ready["project_id"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
        let mut command = match who {
            Who::Sdk => {
                let mut command = Command::new(built("automod-tail"));
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
                // It does not report its join; this makes sure that no event comes too early for it.
                command.args(["--after", "0"]);
                command.stderr(Stdio::null());
                command
            }
            Who::Node => Library::Node.command(),
            Who::Python => Library::PythonAsync.command(),
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stdin = child.stdin.take().unwrap();
        if who != Who::Sdk {
            let connect = json!({
                "do": "connect", "url": url, "transports": [transport], "query": {"api_key": key}, "headers": {},
            });
            tell(&mut stdin, &connect).await;
        }
        let join = json!({"do": "emit", "event": "join_project", "args": [{"project_id": project}]});
        let (told, last) = watch::channel((0, Instant::now()));
        let (joined, has_joined) = tokio::sync::oneshot::channel();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = seen.clone();
        let task = tokio::spawn(async move {
            let (mut silence, mut joined) = (Duration::ZERO, Some(joined));
            while let Ok(Some(line)) = lines.next_line().await {
                let line: Value = serde_json::from_str(&line).unwrap();
                match line["event"].as_str().unwrap_or_default() {
                    "connect" => tell(&mut stdin, &join).await,
                    "joined_project" => drop(joined.take().map(|joined| joined.send(()))),
                    "moderation_update" => {
                        let data = if line["data"].is_object() { &line["data"] } else { &line["args"][0] };
                        let mut seen = all.lock().unwrap();
                        seen.push(data["content_id"].as_str().unwrap().to_owned());
                        if seen.len() > 1 {
                            silence = silence.max(told.borrow().1.elapsed());
                        }
                        told.send_replace((seen.len(), Instant::now()));
                    }
                    _ => {}
                }
            }
            silence
        });
        if who != Who::Sdk {
            timeout(Duration::from_secs(20), has_joined).await.expect("joins").unwrap();
        }
        Self { task, seen, last, child }
    }

    /// Waits until these items have arrived, or none for this long; returns the arrived ones, and the longest time
    /// without one.
    pub(crate) async fn finish(mut self, published: &[String], quiet: Duration) -> (Vec<String>, Duration) {
        loop {
            let (seen, at) = *self.last.borrow_and_update();
            // Their number alone is not enough, because items that a killed server stored but did not acknowledge
            // arrive as well.
            if seen >= published.len() && self.has(published) {
                break;
            }
            let more = timeout(quiet.saturating_sub(at.elapsed()), self.last.changed());
            if !more.await.is_ok_and(|changed| changed.is_ok()) {
                break;
            }
        }
        self.child.kill().await.unwrap();
        let silence = self.task.await.unwrap();
        (std::mem::take(&mut *self.seen.lock().unwrap()), silence)
    }

    fn has(&self, published: &[String]) -> bool {
        let seen = self.seen.lock().unwrap();
        let seen: HashSet<&String> = seen.iter().collect();
        published.iter().all(|id| seen.contains(id))
    }
}

async fn tell(stdin: &mut ChildStdin, command: &Value) {
    stdin.write_all(format!("{command}\n").as_bytes()).await.unwrap();
}
