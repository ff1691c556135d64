//! A real Prometheus, with the server's alert rules.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{eventually, http};

pub(crate) fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// Prometheus' programs.
pub(crate) fn program(name: &str) -> Command {
    let bin = std::env::var("PROMETHEUS_BIN").expect("told by server-ref/tests/prometheus/setup.sh");
    Command::new(PathBuf::from(bin).join(name))
}

/// The rules with a delay of one second before an alert; `promtool` tests them unchanged.
fn quick_rules() -> String {
    let rules = std::fs::read_to_string(deployed("alerts.yml")).unwrap();
    let quick = |line: &str| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 1s\n"),
        _ => format!("{line}\n"),
    };
    rules.lines().map(quick).collect()
}

/// Killed when the test ends.
pub(crate) struct Prometheus {
    port: u16,
    server: Child,
    _folder: TempDir,
}

impl Prometheus {
    /// Scrapes these nodes, and waits until it has done so.
    pub(crate) async fn start(base_urls: &[String]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules.yml");
        std::fs::write(&rules, quick_rules()).unwrap();
        let targets: Vec<_> = base_urls.iter().map(|url| url.strip_prefix("http://").unwrap()).collect();
        let config = serde_json::json!({
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
            "rule_files": [rules],
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
        let prometheus = Self { port, server, _folder: folder };
        prometheus.has("sum(up)", &targets.len().to_string()).await;
        prometheus
    }

    async fn get(&self, path: &str) -> Option<Value> {
        http().get(format!("http://127.0.0.1:{}/api/v1/{path}", self.port)).send().await.ok()?.json().await.ok()
    }

    /// The values of an expression.
    pub(crate) async fn values(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("query?query={query}")).await.unwrap_or_default();
        let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        results.iter().map(|result| result["value"][1].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until this is the one value of an expression.
    pub(crate) async fn has(&self, query: &str, expected: &str) {
        eventually(query, async || self.values(query).await == [expected]).await;
    }

    /// The names of the firing alerts.
    pub(crate) async fn alerts(&self) -> Vec<String> {
        let answer = self.get("alerts").await.unwrap_or_default();
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let told = alerts.iter().filter(|alert| alert["state"] == "firing");
        told.map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn tells(&self, alert: &str) {
        eventually(alert, async || self.alerts().await.iter().any(|name| name == alert)).await;
    }

    /// Waits until no alert is firing.
    pub(crate) async fn is_content(&self) {
        eventually("no alert fires", async || self.alerts().await.is_empty()).await;
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
