//! The nodes and their services.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use automoderate_server::{Limits, Server};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::process::{self, Sum, Usage};

#[path = "../../tests/it/databases.rs"]
#[allow(dead_code, reason = "of the tests, which use all of it")]
mod databases;

pub(crate) struct Stage {
    nodes: Vec<(Child, SocketAddr)>,
    /// Ids and keys.
    pub(crate) projects: Vec<(String, String)>,
    database: String,
    postmaster: Option<u32>,
    redis: Option<(Child, String)>,
    _folder: TempDir,
}

/// The counters of PostgreSQL and Redis.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) commits: i64,
    pub(crate) commands: i64,
    pub(crate) bytes_out: i64,
}

impl Told {
    pub(crate) fn since(self, before: &Self) -> Self {
        Self {
            commits: self.commits - before.commits,
            commands: self.commands - before.commands,
            bytes_out: self.bytes_out - before.bytes_out,
        }
    }
}

impl Stage {
    pub(crate) async fn set(nodes: usize, projects: usize) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let postgres = databases::fresh();
        assert!(nodes == 1 || postgres.is_some(), "several nodes need PostgreSQL: run `cargo xtask bench capacity`");
        let database = postgres.clone().unwrap_or_else(|| format!("sqlite://{}", folder.path().join("a.db").display()));
        let mut stage = Self {
            nodes: Vec::new(),
            projects: Vec::new(),
            postmaster: None,
            redis: None,
            database: database.clone(),
            _folder: folder,
        };
        let setup = Server::builder().database(&database).limits(Limits::none()).start().await.unwrap();
        for n in 0..projects {
            let id = setup.create_project(&format!("Project {n}")).await.unwrap();
            let key = setup.create_api_key(&id, "load").await.unwrap();
            stage.projects.push((id, key));
        }
        setup.shutdown().await;
        if postgres.is_some() {
            let mut connection = PgConnection::connect(&database).await.unwrap();
            let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
            stage.postmaster = process::parent(u32::try_from(backend).unwrap());
            if let Ok(program) = std::env::var("REDIS_SERVER") {
                stage.redis = Some(redis(&program));
            }
        }
        for _ in 0..nodes {
            stage.start().await;
        }
        stage
    }

    async fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_automoderate-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", &self.database, "--log", "warn"]);
        command.args(["--max-connections-per-ip", "0", "--connections-per-address", "0"]);
        if let Some((_, url)) = &self.redis {
            command.args(["--redis", url]);
        }
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["base_url"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
        self.nodes.push((child, address));
    }

    pub(crate) fn address(&self, turn: usize) -> SocketAddr {
        self.nodes[turn % self.nodes.len()].1
    }

    pub(crate) fn usage(&self) -> Usage {
        let nodes = self.nodes.iter().filter_map(|(child, _)| child.id()).map(process::of);
        Usage {
            nodes: nodes.fold(Sum::default(), |a, b| a + b),
            postgres: self.postmaster.map(process::family).unwrap_or_default(),
            redis: self.redis.as_ref().and_then(|(child, _)| child.id()).map(process::of).unwrap_or_default(),
        }
    }

    pub(crate) async fn told(&self) -> Told {
        let mut told = Told::default();
        if self.postmaster.is_some() {
            let mut connection = PgConnection::connect(&self.database).await.unwrap();
            let query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
            told.commits = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        }
        if let Some((_, url)) = &self.redis {
            let mut connection =
                redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
            let info: String = redis::cmd("INFO").arg("stats").query_async(&mut connection).await.unwrap();
            let number = |name: &str| {
                let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.trim_start_matches(':').trim().parse::<i64>().unwrap()
            };
            told.commands = number("total_commands_processed");
            told.bytes_out = number("total_net_output_bytes");
        }
        told
    }

    /// Ends everything.
    pub(crate) async fn strike(mut self) {
        for (child, _) in &mut self.nodes {
            let _ = child.kill().await;
        }
        if let Some((child, _)) = &mut self.redis {
            let _ = child.kill().await;
        }
    }
}

/// On a port that was free a moment ago; nodes wait for it.
fn redis(program: &str) -> (Child, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    (child, format!("redis://127.0.0.1:{port}"))
}
