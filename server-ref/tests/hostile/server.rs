//! The server program with its default limits, and the resources that it uses.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const TIMEOUT: Duration = Duration::from_secs(30);

/// The server's peak resident memory since the last reset, and the size of the database's files, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerUsage {
    pub(crate) memory_bytes: u64,
    pub(crate) database_bytes: u64,
}

pub(crate) struct MeasuredServer {
    ready: Value,
    child: Child,
    stderr: JoinHandle<String>,
    folder: TempDir,
}

impl MeasuredServer {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", folder.path().join("automoderate.db").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_automoderate-server"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--log", "error", "--database", &database])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut log = Vec::new();
            let _ = stderr.read_to_end(&mut log).await;
            String::from_utf8_lossy(&log).into_owned()
        });
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        timeout(TIMEOUT, stdout.read_line(&mut line)).await.expect("the server starts").unwrap();
        Self { ready: serde_json::from_str(&line).unwrap(), child, stderr, folder }
    }

    /// Returns a field of the line that the server prints once it is ready.
    pub(crate) fn ready_field(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.ready_field("base_url"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.ready_field("base_url").trim_start_matches("http://").parse().unwrap()
    }

    pub(crate) fn usage(&self) -> ServerUsage {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let database_bytes = files.map(|file| file.unwrap().metadata().map_or(0, |metadata| metadata.len())).sum();
        ServerUsage { memory_bytes: self.status_bytes("VmHWM:"), database_bytes }
    }

    /// Resets the peak memory to the memory that is currently in use.
    pub(crate) fn reset_peak_memory(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    /// Stops the server and returns its log. If the server had already exited, the log is returned as an error.
    pub(crate) async fn stop(mut self) -> Result<String, String> {
        let is_alive = self.child.try_wait().unwrap().is_none();
        let _ = self.child.kill().await;
        let log = self.stderr.await.unwrap();
        if is_alive { Ok(log) } else { Err(log) }
    }

    fn status_bytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}
