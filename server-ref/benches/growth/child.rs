//! A server in its own process, so that the CPU time is its alone: it publishes on request, and reports its usage.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use automoderate_server::{EventLog, Limits, Server as Reference};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, stdin};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::usage;

/// The variable that makes a process a server; its value is the number of its projects and the path of its database.
const ROLE: &str = "GROWTH_SERVER";
/// Longer than any run.
const PING: Duration = Duration::from_secs(600);
/// The user who may join all projects.
pub(crate) const USER: (&str, &str) = ("growth@example.org", "correct horse battery");

pub(crate) struct Server {
    pub(crate) port: u16,
    /// The first project's.
    pub(crate) key: String,
    pub(crate) project: String,
    pub(crate) projects: Vec<String>,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Server {
    pub(crate) async fn start(folder: &Path, projects: usize) -> Self {
        let database = folder.join("automoderate.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(ROLE, format!("{projects} {}", database.display()))
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

    /// Publishes this many events of about this many bytes, to the projects in turn and as fast as it can.
    pub(crate) async fn publish(&mut self, events: usize, bytes: usize) {
        self.ask(json!({"events": events, "bytes": bytes})).await;
    }

    /// CPU time used so far.
    pub(crate) async fn cpu(&mut self) -> Duration {
        Duration::from_secs_f64(self.ask(json!({"events": 0, "bytes": 0})).await.as_f64().unwrap())
    }

    async fn ask(&mut self, what: Value) -> Value {
        self.stdin.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }

    /// Ends it cleanly, which leaves the database as one file.
    pub(crate) async fn stop(mut self) {
        drop(self.stdin);
        self.child.wait().await.unwrap();
    }
}

/// This process's role, if it is to be a server.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

pub(crate) async fn run(role: &str) {
    let (projects, database) = role.split_once(' ').unwrap();
    let keep_all = EventLog { max_events: 0, max_age: Duration::ZERO };
    let server =
        Reference::builder().database_file(database).limits(Limits::none()).event_log(keep_all).ping(PING, PING);
    let server = server.start().await.unwrap();
    server.create_user(USER.0, USER.1).await.unwrap();
    let (mut ids, mut key) = (Vec::new(), String::new());
    for n in 0..projects.parse().unwrap() {
        let id = server.create_project(&format!("Project {n}")).await.unwrap();
        server.add_member(&id, USER.0).await.unwrap();
        if n == 0 {
            key = server.create_api_key(&id, "growth").await.unwrap();
        }
        ids.push(id);
    }
    println!("{}", json!({"port": server.address().port(), "key": key, "projects": ids}));
    let (mut lines, mut published) = (BufReader::new(stdin()).lines(), 0);
    while let Ok(Some(line)) = lines.next_line().await {
        let asked: Value = serde_json::from_str(&line).unwrap();
        let number = |name: &str| usize::try_from(asked[name].as_u64().unwrap()).unwrap();
        let (payload, events) = (payload(number("bytes")), number("events"));
        let publish = async |n: usize| {
            server.publish(&ids[n % ids.len()], "moderation_update", payload.clone()).await.unwrap();
        };
        futures_util::future::join_all((published..published + events).map(publish)).await;
        published += events;
        println!("{}", usage::cpu().as_secs_f64());
    }
    server.shutdown().await;
}

/// The padding for a frame of about this many bytes, together with the event's name and its ids.
fn payload(bytes: usize) -> Map<String, Value> {
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
