//! Starts the stand-in servers of `core/tests/standins`, and calls their admin interface.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_debug_implementations)] // a failure here fails a test

use std::{path::PathBuf, process::Stdio, time::Duration};

use automoderate::{Client, ClientBuilder, ReconnectPolicy, Transports};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Timeout for each operation that a test waits for. The timeout is long because the machine may be busy.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// A server implementation other than `automoderate-server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    /// Flask-SocketIO on python-socketio 5.18: *deployed-new*.
    FlaskNew,
    /// Flask-SocketIO on python-socketio 5.16: *deployed-old*.
    FlaskOld,
    /// python-socketio on asyncio, with the documented behaviour.
    Asgi,
    /// npm socket.io, with the documented behaviour.
    Node,
}

/// All server implementations.
pub const ALL_SERVERS: [ServerKind; 4] =
    [ServerKind::FlaskNew, ServerKind::FlaskOld, ServerKind::Asgi, ServerKind::Node];

impl ServerKind {
    /// Returns true if the socket accepts only a web session, as on deployed servers.
    pub fn is_deployed(self) -> bool {
        matches!(self, Self::FlaskNew | Self::FlaskOld)
    }
}

/// The line that a stand-in prints once it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct ReadyLine {
    pub base_url: String,
    pub project_id: String,
    pub project_ids: Vec<String>,
    pub other_project_id: String,
    pub api_key: String,
    pub email: String,
    pub password: String,
    pub admin_url: String,
}

/// A running stand-in, which ends when the value is dropped.
pub struct StandIn {
    pub kind: ServerKind,
    pub ready: ReadyLine,
    http: reqwest::Client,
    _child: Child,
}

fn required_variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `make test-e2e`, which sets the stand-ins up"))
}

impl StandIn {
    /// Starts a stand-in without limits on connections and events.
    pub async fn start(kind: ServerKind) -> Self {
        Self::start_with_flags(kind, &[]).await
    }

    /// Starts a stand-in with these flags. It has no limits on connections and events unless the flags set them.
    pub async fn start_with_flags(kind: ServerKind, flags: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../standins");
        let (program, script, unlimited): (_, _, &[&str]) = match kind {
            ServerKind::FlaskNew => (required_variable("PYTHON_NEW"), "flask_server.py", &["--rate-limit", "0"]),
            ServerKind::FlaskOld => (required_variable("PYTHON_OLD"), "flask_server.py", &["--rate-limit", "0"]),
            ServerKind::Asgi => {
                (required_variable("PYTHON_NEW"), "asgi_server.py", &["--max-connections", "0", "--max-events", "0"])
            }
            ServerKind::Node => {
                (required_variable("NODE"), "node_server.mjs", &["--max-connections", "0", "--max-events", "0"])
            }
        };
        let mut child = Command::new(program)
            .arg(dir.join(script))
            .args(unlimited)
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the stand-in starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(TIMEOUT, lines.next_line())
            .await
            .expect("the stand-in was not ready in time")
            .unwrap();
        let ready = serde_json::from_str(&line.expect("the stand-in ended without its ready line")).unwrap();
        Self { kind, ready, http: reqwest::Client::new(), _child: child }
    }

    /// Calls the admin interface and returns its answer; panics if the call fails.
    pub async fn admin(&self, call: &str, body: Value) -> Value {
        let url = format!("{}/{call}", self.ready.admin_url.trim_end_matches('/'));
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{call}: {body}");
        body
    }

    /// Submits an item through the admin interface, and returns its id.
    pub async fn moderate(&self, content: &str) -> String {
        let answer = self.admin("moderate", serde_json::json!({"content": content})).await;
        answer["content_id"].as_str().unwrap().to_owned()
    }

    /// Returns a builder for a client that has no credentials and reconnects quickly.
    pub fn anonymous(&self) -> ClientBuilder {
        Client::builder(&self.ready.base_url)
            .reconnect(ReconnectPolicy { delay: Duration::from_millis(100), ..ReconnectPolicy::default() })
    }

    /// Returns a builder for a client with credentials that this server accepts.
    pub fn client(&self) -> ClientBuilder {
        if self.kind.is_deployed() {
            self.anonymous().password(&self.ready.email, self.ready.password.as_str())
        } else {
            self.anonymous().api_key(self.ready.api_key.as_str())
        }
    }
}

/// All values of [`Transports`].
pub const TRANSPORTS: [Transports; 3] = [Transports::Auto, Transports::WebSocket, Transports::Polling];

/// Awaits the future; panics after [`TIMEOUT`].
pub async fn within_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIMEOUT, future).await.unwrap_or_else(|_| panic!("{what}: not within {TIMEOUT:?}"))
}
