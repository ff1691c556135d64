//! A server in its own process, so that its CPU time can be measured alone. It publishes events on request, and then
//! reports its CPU time.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use automoderate_server::{EventLog, Limits, Server};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, stdin};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::usage;

/// The environment variable that makes a process a server; its value is the number of projects and the database path.
const ROLE_VARIABLE: &str = "GROWTH_SERVER";
/// Ping interval and timeout: longer than any run, because the clients of the log benchmark answer no pings.
const LONG_PING: Duration = Duration::from_secs(600);
/// Email and password of the user who may join all projects.
pub(crate) const USER_CREDENTIALS: (&str, &str) = ("growth@example.org", "correct horse battery");

pub(crate) struct MeasuredServer {
    pub(crate) port: u16,
    /// The first project's key.
    pub(crate) key: String,
    pub(crate) project: String,
    /// Ids of all projects, including the first one.
    pub(crate) projects: Vec<String>,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl MeasuredServer {
    pub(crate) async fn start(folder: &Path, projects: usize) -> Self {
        let database = folder.join("automoderate.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(ROLE_VARIABLE, format!("{projects} {}", database.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let projects: Vec<String> = serde_json::from_value(ready["projects"].clone()).unwrap();
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        let key = ready["key"].as_str().unwrap().to_owned();
        Self { port, key, project: projects[0].clone(), projects, stdin, lines, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Publishes this many events of about this many bytes each, to the projects in turn, as fast as possible.
    pub(crate) async fn publish(&mut self, events: usize, bytes: usize) {
        self.request(json!({"events": events, "bytes": bytes})).await;
    }

    /// Returns the CPU time used so far.
    pub(crate) async fn cpu_time(&mut self) -> Duration {
        Duration::from_secs_f64(self.request(json!({"events": 0, "bytes": 0})).await.as_f64().unwrap())
    }

    async fn request(&mut self, request: Value) -> Value {
        self.stdin.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }

    /// Makes the server shut down by closing its stdin, and waits until the process has ended.
    pub(crate) async fn stop(mut self) {
        drop(self.stdin);
        self.child.wait().await.unwrap();
    }
}

/// Returns the number of projects and the database path, if this process is to be a server.
pub(crate) fn server_role() -> Option<String> {
    std::env::var(ROLE_VARIABLE).ok()
}

pub(crate) async fn run_server(role: &str) {
    let (projects, database) = role.split_once(' ').unwrap();
    let keep_everything = EventLog { max_events: 0, max_age: Duration::ZERO };
    let builder = Server::builder()
        .database_file(database)
        .limits(Limits::none())
        .event_log(keep_everything)
        .ping(LONG_PING, LONG_PING);
    let server = builder.start().await.unwrap();
    server.create_user(USER_CREDENTIALS.0, USER_CREDENTIALS.1).await.unwrap();
    let (mut ids, mut key) = (Vec::new(), String::new());
    for n in 0..projects.parse().unwrap() {
        let id = server.create_project(&format!("Project {n}")).await.unwrap();
        server.add_member(&id, USER_CREDENTIALS.0).await.unwrap();
        if n == 0 {
            key = server.create_api_key(&id, "growth").await.unwrap();
        }
        ids.push(id);
    }
    println!("{}", json!({"port": server.address().port(), "key": key, "projects": ids}));
    let (mut lines, mut published) = (BufReader::new(stdin()).lines(), 0);
    while let Ok(Some(line)) = lines.next_line().await {
        let request: Value = serde_json::from_str(&line).unwrap();
        let field = |name: &str| usize::try_from(request[name].as_u64().unwrap()).unwrap();
        let (payload, events) = (padded_payload(field("bytes")), field("events"));
        let publish = async |n: usize| {
            server.publish(&ids[n % ids.len()], "moderation_update", payload.clone()).await.unwrap();
        };
        futures_util::future::join_all((published..published + events).map(publish)).await;
        published += events;
        println!("{}", usage::process_cpu_time().as_secs_f64());
    }
    server.shutdown().await;
}

/// Returns a payload for a frame of about this many bytes, including the event's name and ids; frames of fewer than 400
/// bytes all have the same, minimal payload.
fn padded_payload(bytes: usize) -> Map<String, Value> {
    let mut fields = json!({"content_id": "1", "status": "approved"});
    if bytes >= 400 {
        fields = json!({
            "content_id": "123e4567-e89b-12d3-a456-426614174000",
            "status": "approved",
            "content_type": "text",
            "results_count": 1,
            "processing_time": 1.23,
            "moderator_type": "rule",
            "rule_name": "Spam Detection",
            "timestamp": "2024-01-15T10:30:00Z",
            "content_preview": "x".repeat(bytes - 360),
        });
    }
    fields.as_object().unwrap().clone()
}
