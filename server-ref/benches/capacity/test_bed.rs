//! The nodes and the services that they use.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use automoderate_server::{Limits, Server};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::process::{self, ProcessUsage, SystemUsage};

#[path = "../../tests/it/databases.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod databases;

pub(crate) struct TestBed {
    nodes: Vec<(Child, SocketAddr)>,
    /// Id and API key of each project.
    pub(crate) projects: Vec<(String, String)>,
    database_url: String,
    /// Process id of PostgreSQL's main process.
    postmaster: Option<u32>,
    /// The Redis process and its URL.
    redis: Option<(Child, String)>,
    _folder: TempDir,
}

/// Counters that PostgreSQL and Redis report.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServiceCounters {
    pub(crate) postgres_commits: i64,
    pub(crate) redis_commands: i64,
    pub(crate) redis_bytes_out: i64,
}

impl ServiceCounters {
    pub(crate) fn since(self, before: &Self) -> Self {
        Self {
            postgres_commits: self.postgres_commits - before.postgres_commits,
            redis_commands: self.redis_commands - before.redis_commands,
            redis_bytes_out: self.redis_bytes_out - before.redis_bytes_out,
        }
    }
}

impl TestBed {
    /// Creates the projects, and starts the nodes and, if PostgreSQL is used and `REDIS_SERVER` is set, Redis.
    pub(crate) async fn start(nodes: usize, projects: usize) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let postgres = databases::fresh_database_url();
        assert!(nodes == 1 || postgres.is_some(), "several nodes need PostgreSQL: run `cargo xtask bench capacity`");
        let database_url =
            postgres.clone().unwrap_or_else(|| format!("sqlite://{}", folder.path().join("a.db").display()));
        let mut test_bed = Self {
            nodes: Vec::new(),
            projects: Vec::new(),
            postmaster: None,
            redis: None,
            database_url: database_url.clone(),
            _folder: folder,
        };
        let setup = Server::builder().database(&database_url).limits(Limits::none()).start().await.unwrap();
        for n in 0..projects {
            let id = setup.create_project(&format!("Project {n}")).await.unwrap();
            let key = setup.create_api_key(&id, "load").await.unwrap();
            test_bed.projects.push((id, key));
        }
        setup.shutdown().await;
        if postgres.is_some() {
            let mut connection = PgConnection::connect(&database_url).await.unwrap();
            let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
            test_bed.postmaster = process::parent_pid(u32::try_from(backend).unwrap());
            if let Ok(program) = std::env::var("REDIS_SERVER") {
                test_bed.redis = Some(start_redis(&program));
            }
        }
        for _ in 0..nodes {
            test_bed.start_node().await;
        }
        test_bed
    }

    async fn start_node(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_automoderate-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", &self.database_url, "--log", "warn"]);
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

    /// Returns the address of the node for this turn; the nodes take turns.
    pub(crate) fn node_address(&self, turn: usize) -> SocketAddr {
        self.nodes[turn % self.nodes.len()].1
    }

    pub(crate) fn usage(&self) -> SystemUsage {
        let nodes = self.nodes.iter().filter_map(|(child, _)| child.id()).map(process::process_usage);
        SystemUsage {
            nodes: nodes.fold(ProcessUsage::default(), |a, b| a + b),
            postgres: self.postmaster.map(process::usage_with_children).unwrap_or_default(),
            redis: self
                .redis
                .as_ref()
                .and_then(|(child, _)| child.id())
                .map(process::process_usage)
                .unwrap_or_default(),
        }
    }

    pub(crate) async fn service_counters(&self) -> ServiceCounters {
        let mut counters = ServiceCounters::default();
        if self.postmaster.is_some() {
            let mut connection = PgConnection::connect(&self.database_url).await.unwrap();
            let query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
            counters.postgres_commits = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        }
        if let Some((_, url)) = &self.redis {
            let mut connection =
                redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
            let info: String = redis::cmd("INFO").arg("stats").query_async(&mut connection).await.unwrap();
            let counter = |name: &str| {
                let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.trim_start_matches(':').trim().parse::<i64>().unwrap()
            };
            counters.redis_commands = counter("total_commands_processed");
            counters.redis_bytes_out = counter("total_net_output_bytes");
        }
        counters
    }

    /// Kills the nodes and Redis.
    pub(crate) async fn stop(mut self) {
        for (child, _) in &mut self.nodes {
            let _ = child.kill().await;
        }
        if let Some((child, _)) = &mut self.redis {
            let _ = child.kill().await;
        }
    }
}

/// Starts Redis on a port that was free a moment ago. Nodes retry until they can connect to it.
fn start_redis(program: &str) -> (Child, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
    let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    (child, format!("redis://127.0.0.1:{port}"))
}
