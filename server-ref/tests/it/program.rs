//! The server as a separate process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::databases;
use crate::support::TIMEOUT;

/// A running server process, which is killed when the value is dropped.
#[derive(Debug)]
pub(crate) struct ServerProgram {
    child: Child,
    stderr: JoinHandle<String>,
    pub(crate) ready: Value,
}

impl ServerProgram {
    /// Starts the server on this folder's database, and waits for its ready line.
    pub(crate) async fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_on(&databases::folder_database_url(folder), arguments).await
    }

    /// Starts the server on this database, and waits for its ready line.
    pub(crate) async fn start_on(database: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_automoderate-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--database", database])
            .args(arguments)
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
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = tokio::time::timeout(TIMEOUT, stdout.read_line(&mut line)).await;
        read.expect("the server did not become ready in time").unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, stderr, ready }
    }

    fn ready_field(&self, name: &str) -> String {
        self.ready[name].as_str().unwrap().to_owned()
    }

    pub(crate) fn base_url(&self) -> String {
        self.ready_field("base_url")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.base_url().trim_start_matches("http://").parse().unwrap()
    }

    pub(crate) fn api_key(&self) -> String {
        self.ready_field("api_key")
    }

    pub(crate) fn project_id(&self) -> String {
        self.ready_field("project_id")
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Kills the process with SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) async fn exit_code(mut self) -> Option<i32> {
        let exit = tokio::time::timeout(TIMEOUT, self.child.wait()).await;
        exit.expect("the server did not exit in time").unwrap().code()
    }

    /// Waits until the process ends, and returns its log.
    pub(crate) async fn wait_for_log(mut self) -> String {
        let exit = tokio::time::timeout(TIMEOUT, self.child.wait()).await;
        exit.expect("the server did not exit in time").unwrap();
        self.stderr.await.unwrap()
    }
}
