//! A server in its own process: it publishes on request, and reports its usage.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, Stdin, stdin};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::interval;

use crate::usage;

/// The variable that makes a process a server.
pub(crate) const ROLE: &str = "BENCH_ROLE";

/// From the clients' side.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) key: String,
    pub(crate) project: String,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Server {
    pub(crate) async fn start(role: &str) -> Self {
        let mut child = command(role).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        Self { port, key: text("key"), project: text("project"), stdin, lines, _child: child }
    }

    /// Publishes this many events to the room, as fast as it can or at this rate per second; returns before all have
    /// arrived.
    pub(crate) async fn publish(&mut self, events: usize, per_second: Option<u32>) {
        self.ask(json!({"publish": events, "per_second": per_second})).await;
    }

    /// CPU time used so far.
    pub(crate) async fn cpu(&mut self) -> Duration {
        Duration::from_secs_f64(self.ask(json!("usage")).await["cpu"].as_f64().unwrap())
    }

    /// Resident memory in bytes.
    pub(crate) async fn memory(&mut self) -> u64 {
        self.ask(json!("usage")).await["memory"].as_u64().unwrap()
    }

    async fn ask(&mut self, what: Value) -> Value {
        self.stdin.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

/// Third-party servers, and the path of their requirements in `cargo xtask bench fan-out`.
pub(crate) const PEERS: [&str; 3] = [NODE, ASGI, FLASK];
const NODE: &str = "npm socket.io";
const ASGI: &str = "python-socketio, ASGI";
const FLASK: &str = "Flask-SocketIO";

/// True if the program can be run.
pub(crate) fn is_there(peer: &str) -> bool {
    std::env::var(if peer == NODE { "NODE_MODULES" } else { "PEERS_PYTHON" }).is_ok()
}

fn command(role: &str) -> Command {
    let program = |interpreter: &str, default: &str, file: &str| {
        let mut command = Command::new(std::env::var(interpreter).unwrap_or(default.to_owned()));
        command.arg(format!("{}/benches/reference/peers/{file}", env!("CARGO_MANIFEST_DIR")));
        command.env("BENCH_UPDATE", update("demo_project").to_string());
        command
    };
    match role {
        NODE => program("NODE", "node", "node.mjs"),
        ASGI => program("PEERS_PYTHON", "python3", "asgi.py"),
        FLASK => program("PEERS_PYTHON", "python3", "threads.py"),
        _ => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.env(ROLE, role);
            command
        }
    }
}

/// Reports that the server is ready, and follows orders until its input ends. `publish` publishes this many events.
pub(crate) async fn serve(ready: Value, mut publish: impl AsyncFnMut(usize)) {
    println!("{ready}");
    let mut lines: Lines<BufReader<Stdin>> = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let asked: Value = serde_json::from_str(&line).unwrap();
        if let Some(events) = asked["publish"].as_u64() {
            match asked["per_second"].as_u64() {
                None => publish(usize::try_from(events).unwrap()).await,
                Some(rate) => {
                    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(rate).unwrap());
                    for _ in 0..events {
                        ticks.tick().await;
                        publish(1).await;
                    }
                }
            }
        }
        println!("{}", json!({"cpu": usage::cpu().as_secs_f64(), "memory": usage::memory()}));
    }
}

/// The documented `moderation_update`, as this server publishes it.
pub(crate) fn update(project: &str) -> Value {
    json!({
        "content_id": "123e4567-e89b-12d3-a456-426614174000",
        "project_id": project,
        "status": "approved",
        "content_type": "text",
        "content_preview": "This is some content to moderate...",
        "meta_data": {"user_id": "user_12345", "source": "comments"},
        "results_count": 1,
        "processing_time": 1.23,
        "moderator_type": "rule",
        "moderator_name": "AI Rule",
        "rule_name": "Spam Detection",
        "timestamp": "2024-01-15T10:30:00Z",
    })
}
