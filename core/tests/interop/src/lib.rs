//! Starts the stand-in servers of `core/tests/standins` and talks to their admin interface.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_debug_implementations)] // a failure here fails a test

use std::{path::PathBuf, process::Stdio, time::Duration};

use automoderate::{Client, ClientBuilder, ReconnectPolicy, Transports};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The timeout of expected events. Generous, because two cores may be busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server that somebody else wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Flask-SocketIO on python-socketio 5.18: *deployed-new*.
    FlaskNew,
    /// Flask-SocketIO on python-socketio 5.16: *deployed-old*.
    FlaskOld,
    /// python-socketio on asyncio, as documented.
    Asgi,
    /// npm socket.io, as documented.
    Node,
}

/// All kinds.
pub const ALL: [Kind; 4] = [Kind::FlaskNew, Kind::FlaskOld, Kind::Asgi, Kind::Node];

impl Kind {
    /// True if only the web session authenticates the socket.
    pub fn is_deployed(self) -> bool {
        matches!(self, Self::FlaskNew | Self::FlaskOld)
    }
}

/// A stand-in's output when it is ready.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    pub base_url: String,
    pub project_id: String,
    pub project_ids: Vec<String>,
    pub other_project_id: String,
    pub api_key: String,
    pub email: String,
    pub password: String,
    pub admin_url: String,
}

/// A running stand-in. Ends with the value.
pub struct StandIn {
    pub kind: Kind,
    pub ready: Ready,
    http: reqwest::Client,
    _child: Child,
}

fn required(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `make test-e2e`, which sets the stand-ins up"))
}

impl StandIn {
    /// Starts a stand-in without limits on connections.
    pub async fn start(kind: Kind) -> Self {
        Self::with(kind, &[]).await
    }

    /// Starts a stand-in with more flags.
    pub async fn with(kind: Kind, flags: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../standins");
        let (program, script, unlimited): (_, _, &[&str]) = match kind {
            Kind::FlaskNew => (required("PYTHON_NEW"), "flask_server.py", &["--rate-limit", "0"]),
            Kind::FlaskOld => (required("PYTHON_OLD"), "flask_server.py", &["--rate-limit", "0"]),
            Kind::Asgi => (required("PYTHON_NEW"), "asgi_server.py", &["--max-connections", "0", "--max-events", "0"]),
            Kind::Node => (required("NODE"), "node_server.mjs", &["--max-connections", "0", "--max-events", "0"]),
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
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("ready in time").unwrap();
        let ready = serde_json::from_str(&line.expect("the line that says that it is ready")).unwrap();
        Self { kind, ready, http: reqwest::Client::new(), _child: child }
    }

    /// Calls the admin interface.
    pub async fn admin(&self, call: &str, body: Value) -> Value {
        let url = format!("{}/{call}", self.ready.admin_url.trim_end_matches('/'));
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{call}: {body}");
        body
    }

    /// Submits content through the server's normal path, and returns its id.
    pub async fn moderate(&self, content: &str) -> String {
        let answer = self.admin("moderate", serde_json::json!({"content": content})).await;
        answer["content_id"].as_str().unwrap().to_owned()
    }

    /// A client without credentials that reconnects quickly.
    pub fn anonymous(&self) -> ClientBuilder {
        Client::builder(&self.ready.base_url)
            .reconnect(ReconnectPolicy { delay: Duration::from_millis(100), ..ReconnectPolicy::default() })
    }

    /// A client with credentials that this kind of server accepts.
    pub fn client(&self) -> ClientBuilder {
        if self.kind.is_deployed() {
            self.anonymous().password(&self.ready.email, self.ready.password.as_str())
        } else {
            self.anonymous().api_key(self.ready.api_key.as_str())
        }
    }
}

/// All ways to connect.
pub const TRANSPORTS: [Transports; 3] = [Transports::Auto, Transports::WebSocket, Transports::Polling];

/// Waits for something, at most [`PATIENCE`].
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}
