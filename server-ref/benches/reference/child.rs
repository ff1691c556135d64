//! A server in its own process. It publishes events on request, and reports its CPU time and memory.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, Stdin, stdin};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::interval;

use crate::usage;

/// The environment variable that makes a process a server. Its value is a role.
pub(crate) const ROLE_VARIABLE: &str = "BENCH_ROLE";

/// The benchmark's handle to a server process.
pub(crate) struct MeasuredServer {
    pub(crate) port: u16,
    pub(crate) key: String,
    pub(crate) project: String,
    /// Accepts commands.
    stdin: ChildStdin,
    /// Answers to the commands.
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl MeasuredServer {
    pub(crate) async fn start(role: &str) -> Self {
        let mut child =
            server_command(role).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        Self { port, key: text("key"), project: text("project"), stdin, lines, _child: child }
    }

    /// Publishes this many events to the project, as fast as possible or at this rate per second. May return before all
    /// of them have arrived.
    pub(crate) async fn publish(&mut self, events: usize, per_second: Option<u32>) {
        self.request(json!({"publish": events, "per_second": per_second})).await;
    }

    /// Returns the CPU time used so far.
    pub(crate) async fn cpu_time(&mut self) -> Duration {
        Duration::from_secs_f64(self.request(json!("usage")).await["cpu"].as_f64().unwrap())
    }

    pub(crate) async fn resident_bytes(&mut self) -> u64 {
        self.request(json!("usage")).await["memory"].as_u64().unwrap()
    }

    async fn request(&mut self, request: Value) -> Value {
        self.stdin.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

/// Roles of the third-party servers, which `cargo xtask bench fan-out` installs.
pub(crate) const PEER_ROLES: [&str; 3] = [NODE, ASGI, FLASK];
const NODE: &str = "npm socket.io";
const ASGI: &str = "python-socketio, ASGI";
const FLASK: &str = "Flask-SocketIO";

/// Returns true if the third-party server is installed.
pub(crate) fn is_installed(role: &str) -> bool {
    std::env::var(if role == NODE { "NODE_MODULES" } else { "PEERS_PYTHON" }).is_ok()
}

fn server_command(role: &str) -> Command {
    let script = |interpreter: &str, default: &str, file: &str| {
        let mut command = Command::new(std::env::var(interpreter).unwrap_or(default.to_owned()));
        command.arg(format!("{}/benches/reference/peers/{file}", env!("CARGO_MANIFEST_DIR")));
        command.env("BENCH_UPDATE", documented_update("demo_project").to_string());
        command
    };
    match role {
        NODE => script("NODE", "node", "node.mjs"),
        ASGI => script("PEERS_PYTHON", "python3", "asgi.py"),
        FLASK => script("PEERS_PYTHON", "python3", "threads.py"),
        _ => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.env(ROLE_VARIABLE, role);
            command
        }
    }
}

/// Prints `ready`, and runs commands until the standard input ends. `publish` publishes the given number of events.
pub(crate) async fn serve_commands(ready: Value, mut publish: impl AsyncFnMut(usize)) {
    println!("{ready}");
    let mut lines: Lines<BufReader<Stdin>> = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let command: Value = serde_json::from_str(&line).unwrap();
        if let Some(events) = command["publish"].as_u64() {
            match command["per_second"].as_u64() {
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
        println!("{}", json!({"cpu": usage::process_cpu_time().as_secs_f64(), "memory": usage::resident_bytes()}));
    }
}

/// Returns the documented `moderation_update`, with this project's id.
pub(crate) fn documented_update(project: &str) -> Value {
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
