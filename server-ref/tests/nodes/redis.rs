//! A Redis server that a test can stop, freeze, and restart.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::eventually;

/// A running Redis server, which is killed when the value is dropped.
pub(crate) struct RedisServer {
    port: u16,
    folder: TempDir,
    server: Option<Child>,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Self { port, folder: tempfile::tempdir().unwrap(), server: None };
        redis.ensure_running().await;
        redis
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Unless the server is running, starts it without data at its fixed address. Waits until it answers.
    pub(crate) async fn ensure_running(&mut self) {
        eventually("Redis answers", async || {
            // The server exits by itself if another process uses its port.
            if self.server.as_mut().is_none_or(|server| server.try_wait().unwrap().is_some()) {
                let program =
                    std::env::var("REDIS_SERVER").expect("server-ref/tests/redis/setup.sh prints REDIS_SERVER");
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
            self.is_answering().await.unwrap_or_default()
        })
        .await;
    }

    async fn is_answering(&self) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).await?;
        Ok(&answer == b"+PONG\r\n")
    }

    /// Sends a signal. After `STOP`, the server keeps its connections but does not answer until `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.server.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}
