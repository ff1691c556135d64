//! The server as a program, which can be killed and started again on the same port and database.

use std::path::Path;
use std::process::Stdio;

use automoderate_server::{Limits, Server};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Makes the projects; their ids and keys.
pub(crate) async fn prepare(folder: &Path, projects: usize) -> Vec<(String, String)> {
    let server = Server::builder().database(database(folder)).limits(Limits::none()).start().await.unwrap();
    let mut made = Vec::new();
    for n in 0..projects {
        let id = server.create_project(&format!("Project {n}")).await.unwrap();
        let key = server.create_api_key(&id, "storm").await.unwrap();
        made.push((id, key));
    }
    server.shutdown().await;
    made
}

fn database(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("automoderate.db").display())
}

pub(crate) struct Program {
    pub(crate) port: u16,
    child: Child,
}

impl Program {
    /// Port 0 chooses one. One address may open as many connections as it likes; all other settings are as by default.
    pub(crate) async fn start(folder: &Path, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_automoderate-server"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--database", &database(folder)])
            .args(["--max-connections-per-ip", "0", "--log", "error"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let (_, port) = ready["base_url"].as_str().unwrap().rsplit_once(':').unwrap();
        Self { port: port.parse().unwrap(), child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// As `kill -9` does.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Its resident memory at its highest, in MiB.
    pub(crate) fn peak(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}
