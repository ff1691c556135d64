//! A real Prometheus reads `/metrics` of two nodes, and the rules that come with the server tell what fails.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::redis::Redis;
use crate::support::{eventually, http, server};

fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn program(name: &str) -> Command {
    let bin = std::env::var("PROMETHEUS_BIN").expect("told by server-ref/tests/prometheus/setup.sh");
    Command::new(PathBuf::from(bin).join(name))
}

/// Killed when the test ends.
struct Prometheus {
    port: u16,
    server: Child,
    _folder: TempDir,
}

impl Prometheus {
    fn start(targets: &[String]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let config = serde_json::json!({
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
            "rule_files": [deployed("alerts.yml")],
            "scrape_configs": [{"job_name": "automoderate", "static_configs": [{"targets": targets}]}],
        });
        // YAML is a superset.
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut server = program("prometheus");
        server.arg(format!("--config.file={}", file.display()));
        server.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { port, server, _folder: folder }
    }

    async fn get(&self, path: &str) -> Option<Value> {
        http().get(format!("http://127.0.0.1:{}/api/v1/{path}", self.port)).send().await.ok()?.json().await.ok()
    }

    /// The values of an expression.
    async fn values(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("query?query={query}")).await.unwrap_or_default();
        let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        results.iter().map(|result| result["value"][1].as_str().unwrap().to_owned()).collect()
    }

    /// The names of the alerts that are on their way, or there.
    async fn alerts(&self) -> Vec<String> {
        let answer = self.get("alerts").await.unwrap_or_default();
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        alerts.iter().map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }

    async fn tells(&self, alert: &str) {
        eventually(alert, async || self.alerts().await.iter().any(|name| name == alert)).await;
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn the_rules_are_rules_and_do_what_they_say() {
    for arguments in [["check", "alerts.yml"], ["test", "alerts_test.yml"]] {
        let [command, file] = arguments;
        let done = program("promtool").args([command, "rules"]).arg(deployed(file)).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_told() {
    let (mut cluster, mut redis) = (Cluster::start().await, Redis::start().await);
    let builder = server().database(cluster.database()).redis(redis.url());
    let first = builder.clone().start().await.unwrap();
    let second = builder.demo(false).start().await.unwrap();
    let prometheus = Prometheus::start(&[first.address().to_string(), second.address().to_string()]);
    eventually("both are read", async || prometheus.values("sum(up)").await == ["2"]).await;
    for (query, expected) in [
        ("sum(automoderate_nodes)", "4"),
        ("sum(automoderate_database_up)", "2"),
        ("sum(automoderate_redis_up)", "2"),
        ("sum(automoderate_draining)", "0"),
    ] {
        eventually(query, async || prometheus.values(query).await == [expected]).await;
    }
    let well = async || eventually("all is well", async || prometheus.alerts().await.is_empty()).await;
    well().await;
    redis.down();
    prometheus.tells("AutoModerateRedisDown").await;
    redis.up().await;
    cluster.down("QUIT");
    prometheus.tells("AutoModerateDatabaseDown").await;
    cluster.up().await;
    well().await;
    second.shutdown().await;
    prometheus.tells("AutoModerateNodeDown").await;
    first.shutdown().await;
}
