//! A Redis that a test may stop, freeze and restart.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::eventually;

/// Killed when the test ends.
pub(crate) struct Redis {
    port: u16,
    folder: TempDir,
    server: Option<Child>,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Self { port, folder: tempfile::tempdir().unwrap(), server: None };
        redis.up().await;
        redis
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it, empty, at the same address, and waits until it answers.
    pub(crate) async fn up(&mut self) {
        eventually("Redis answers", async || {
            // It exits by itself while another process has its port.
            if self.server.as_mut().is_none_or(|server| server.try_wait().unwrap().is_some()) {
                let program = std::env::var("REDIS_SERVER").expect("told by server-ref/tests/redis/setup.sh");
                let mut server = Command::new(program);
                server.args([
                    "--bind",
                    "127.0.0.1",
                    "--port",
                    &self.port.to_string(),
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                ]);
                let server = server.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
                self.server = Some(server.spawn().unwrap());
            }
            self.answers().await.unwrap_or_default()
        })
        .await;
    }

    async fn answers(&self) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await?;
        Ok(&answer == b"+PONG\r\n")
    }

    /// `STOP`: it keeps its connections and does not answer, until `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.server.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn down(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.down();
    }
}
