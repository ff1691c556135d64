//! A real Prometheus server with the alert rules in `deploy/alerts.yml`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{eventually, http_client};

pub(crate) fn deploy_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// Returns a command for one of Prometheus's programs.
pub(crate) fn prometheus_command(name: &str) -> Command {
    let bin = std::env::var("PROMETHEUS_BIN").expect("server-ref/tests/prometheus/setup.sh prints PROMETHEUS_BIN");
    Command::new(PathBuf::from(bin).join(name))
}

/// Returns the alert rules with each `for` set to one second. `promtool` tests the unchanged rules.
fn rules_with_short_delay() -> String {
    let rules = std::fs::read_to_string(deploy_file("alerts.yml")).unwrap();
    let quick = |line: &str| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 1s\n"),
        _ => format!("{line}\n"),
    };
    rules.lines().map(quick).collect()
}

/// A running Prometheus server, which is killed when the value is dropped.
pub(crate) struct Prometheus {
    port: u16,
    server: Child,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts a Prometheus server that scrapes these nodes, and waits until it has scraped all of them.
    pub(crate) async fn start(base_urls: &[String]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let rules = folder.path().join("rules.yml");
        std::fs::write(&rules, rules_with_short_delay()).unwrap();
        let targets: Vec<_> = base_urls.iter().map(|url| url.strip_prefix("http://").unwrap()).collect();
        let config = serde_json::json!({
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
            "rule_files": [rules],
            "scrape_configs": [{"job_name": "automoderate", "static_configs": [{"targets": targets}]}],
        });
        // JSON is valid here, because YAML is a superset of JSON.
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut server = prometheus_command("prometheus");
        server.arg(format!("--config.file={}", file.display()));
        server.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let prometheus = Self { port, server, _folder: folder };
        prometheus.wait_for_value("sum(up)", &targets.len().to_string()).await;
        prometheus
    }

    async fn get_api(&self, path: &str) -> Option<Value> {
        http_client().get(format!("http://127.0.0.1:{}/api/v1/{path}", self.port)).send().await.ok()?.json().await.ok()
    }

    /// Returns the current values of a PromQL expression.
    pub(crate) async fn query_values(&self, query: &str) -> Vec<String> {
        let answer = self.get_api(&format!("query?query={query}")).await.unwrap_or_default();
        let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        results.iter().map(|result| result["value"][1].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the expression has exactly this value.
    pub(crate) async fn wait_for_value(&self, query: &str, expected: &str) {
        eventually(query, async || self.query_values(query).await == [expected]).await;
    }

    /// Returns the names of the firing alerts.
    pub(crate) async fn firing_alerts(&self) -> Vec<String> {
        let answer = self.get_api("alerts").await.unwrap_or_default();
        let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        firing.map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn wait_for_alert(&self, alert: &str) {
        eventually(alert, async || self.firing_alerts().await.iter().any(|name| name == alert)).await;
    }

    pub(crate) async fn wait_for_no_alert(&self) {
        eventually("no alert fires", async || self.firing_alerts().await.is_empty()).await;
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
