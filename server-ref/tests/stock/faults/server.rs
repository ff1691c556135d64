//! The server as a separate process that can be killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running server with a demo project.
pub(crate) struct DemoServer {
    pub(crate) port: u16,
    pub(crate) ready: Value,
    child: Child,
}

impl DemoServer {
    /// Starts a server on the database in this folder; port 0 lets the system choose a port. `pings` contains the ping interval
    /// and the ping timeout in seconds.
    pub(crate) async fn start(folder: &Path, port: u16, pings: [&str; 2]) -> Self {
        let database = format!("sqlite://{}", folder.join("automoderate.db").display());
        let mut child = Command::new(program_path("automoderate-server"))
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

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process_id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Sends the signal, and waits until the process ends.
    pub(crate) async fn stop(&mut self, signal: &str) {
        self.signal(signal);
        self.child.wait().await.unwrap();
    }
}

/// Returns the path of another program in this workspace, built with the same profile as this program.
pub(crate) fn program_path(name: &str) -> PathBuf {
    let path = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join(name);
    assert!(path.exists(), "{} is not built; run `make`", path.display());
    path
}
