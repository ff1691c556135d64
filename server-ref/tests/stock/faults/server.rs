//! The server as a program, which can be killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running server.
pub(crate) struct Program {
    pub(crate) port: u16,
    pub(crate) ready: Value,
    child: Child,
}

impl Program {
    /// Starts it on the database in this folder; port 0 chooses a free one. `pings`: their interval, and the timeout of
    /// an answer, in seconds.
    pub(crate) async fn start(folder: &Path, port: u16, pings: [&str; 2]) -> Self {
        let database = format!("sqlite://{}", folder.join("automoderate.db").display());
        let mut child = Command::new(built("automoderate-server"))
            .args(["serve", "--demo", "--listen", &format!("127.0.0.1:{port}"), "--database", &database])
            .args(["--max-connections-per-ip", "0", "--max-events-per-minute", "0", "--log", "error"])
            .args(["--ping-interval", pings[0], "--ping-timeout", pings[1]])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let (_, port) = ready["base_url"].as_str().unwrap().rsplit_once(':').unwrap();
        Self { port: port.parse().unwrap(), child, ready }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Sends the signal and waits for the end.
    pub(crate) async fn stop(&mut self, signal: &str) {
        self.signal(signal);
        self.child.wait().await.unwrap();
    }
}

/// A program of this workspace, built with the same profile.
pub(crate) fn built(name: &str) -> PathBuf {
    let path = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name);
    assert!(path.exists(), "{} is not built: use `make`", path.display());
    path
}
