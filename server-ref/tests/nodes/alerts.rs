//! The server's alert rules, loaded into a real Prometheus, report the failures that these tests provoke.

use futures_util::future::join_all;
use serde_json::json;

use crate::cluster::PostgresCluster;
use crate::disk::MemoryDisk;
use crate::program::ServerProgram;
use crate::prometheus::{Prometheus, deploy_file, prometheus_command};
use crate::redis::RedisServer;
use crate::stored_data::Access;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, eventually, http_client};

/// Submits an item of this size in bytes, and ignores the result.
async fn submit(access: &Access, size: usize) {
    let post = http_client().post(format!("{}/api/moderate", access.base_url)).header("x-api-key", &access.key);
    let _ = post.json(&json!({"content": "x".repeat(size)})).send().await;
}

/// Submits items, twelve at a time, until the alert fires.
async fn wait_for_alert_under_load(prometheus: &Prometheus, alert: &str, access: &Access, size: usize) {
    eventually(alert, async || {
        join_all((0..12).map(|_| submit(access, size))).await;
        prometheus.firing_alerts().await.iter().any(|name| name == alert)
    })
    .await;
}

#[test]
fn the_alert_rules_are_valid_and_pass_their_tests() {
    for arguments in [["check", "alerts.yml"], ["test", "alerts_test.yml"]] {
        let [command, file] = arguments;
        let done = prometheus_command("promtool").args([command, "rules"]).arg(deploy_file(file)).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_redis_the_database_or_a_node_fires_alerts() {
    let (mut cluster, mut redis) = (PostgresCluster::start().await, RedisServer::start().await);
    let (database, url) = (cluster.create_test_database(), redis.url());
    let first = ServerProgram::start_on(&database, &["--redis", &url, "--demo"]).await;
    let mut second = ServerProgram::start_on(&database, &["--redis", &url]).await;
    let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
    let prometheus = Prometheus::start(&[first.base_url(), second.base_url()]).await;
    for (query, expected) in
        [("sum(automoderate_nodes)", "4"), ("sum(automoderate_database_up)", "2"), ("sum(automoderate_redis_up)", "2")]
    {
        prometheus.wait_for_value(query, expected).await;
    }
    prometheus.wait_for_no_alert().await;

    redis.stop();
    prometheus.wait_for_alert("AutoModerateRedisDown").await;
    redis.ensure_running().await;
    prometheus.wait_for_no_alert().await;
    redis.signal("STOP");
    prometheus.wait_for_alert("AutoModerateRedisDown").await;
    redis.signal("CONT");
    prometheus.wait_for_no_alert().await;

    second.kill().await;
    prometheus.wait_for_alert("AutoModerateNodeDown").await;

    cluster.stop("QUIT");
    prometheus.wait_for_alert("AutoModerateDatabaseDown").await;
    wait_for_alert_under_load(&prometheus, "AutoModerateRefusing", &access, 1).await;
    cluster.ensure_running().await;
    eventually("the database alert is resolved", async || {
        !prometheus.firing_alerts().await.contains(&"AutoModerateDatabaseDown".to_owned())
    })
    .await;
}

/// A draining node cannot be scraped, so the alert for an unreachable node fires.
#[tokio::test(flavor = "multi_thread")]
async fn a_draining_node_fires_an_alert() {
    let folder = tempfile::tempdir().unwrap();
    let node = ServerProgram::start(folder.path(), &["--demo"]).await;
    let prometheus = Prometheus::start(&[node.base_url()]).await;
    prometheus.wait_for_no_alert().await;
    node.signal("TERM");
    prometheus.wait_for_alert("AutoModerateNodeDown").await;
    assert_eq!(node.exit_code().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_with_different_databases_fire_an_alert() {
    let cluster = PostgresCluster::start().await;
    let first = ServerProgram::start_on(&cluster.create_test_database(), &[]).await;
    let second = ServerProgram::start_on(&cluster.create_database("another"), &[]).await;
    let prometheus = Prometheus::start(&[first.base_url(), second.base_url()]).await;
    prometheus.wait_for_alert("AutoModerateNodesApart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fires_an_alert() {
    let disk = MemoryDisk::new(8);
    let running = demo_server_builder().database_file(disk.path().join("automoderate.db")).start().await.unwrap();
    let access =
        Access { base_url: running.base_url(), key: demo_api_key(&running), project_id: demo_project_id(&running) };
    let prometheus = Prometheus::start(std::slice::from_ref(&access.base_url)).await;
    submit(&access, 1).await;
    prometheus.wait_for_no_alert().await;
    disk.fill();
    wait_for_alert_under_load(&prometheus, "AutoModerateStorageFull", &access, 20_000).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let node = ServerProgram::start(folder.path(), &["--demo"]).await;
    let access = Access { base_url: node.base_url(), key: node.api_key(), project_id: node.project_id() };
    let prometheus = Prometheus::start(&[node.base_url()]).await;
    for _ in 0..3 {
        submit(&access, 1).await;
    }
    let is_sample = |line: &&str| !line.is_empty() && !line.starts_with('#');
    eventually("every sample is read", async || {
        let text =
            http_client().get(format!("{}/metrics", access.base_url)).send().await.unwrap().text().await.unwrap();
        let samples = text.lines().filter(is_sample).count().to_string();
        prometheus.query_values("scrape_samples_scraped").await == [samples]
    })
    .await;
    prometheus.wait_for_value("automoderate_contents_total{status=%22approved%22}", "3").await;
}
