//! The server's alert rules report each failure that can be provoked, in a real Prometheus.

use futures_util::future::join_all;
use serde_json::json;

use crate::books::Access;
use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::program::Program;
use crate::prometheus::{Prometheus, deployed, program};
use crate::redis::Redis;
use crate::support::{eventually, http, key, project, server};

/// Submits an item of this size, ignoring the result.
async fn submit(access: &Access, size: usize) {
    let post = http().post(format!("{}/api/moderate", access.base_url)).header("x-api-key", &access.key);
    let _ = post.json(&json!({"content": "x".repeat(size)})).send().await;
}

/// Submits items by the dozen until the alert fires.
async fn tells_when_busy(prometheus: &Prometheus, alert: &str, access: &Access, size: usize) {
    eventually(alert, async || {
        join_all((0..12).map(|_| submit(access, size))).await;
        prometheus.alerts().await.iter().any(|name| name == alert)
    })
    .await;
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
async fn redis_the_database_and_nodes_go() {
    let (mut cluster, mut redis) = (Cluster::start().await, Redis::start().await);
    let (database, url) = (cluster.database(), redis.url());
    let first = Program::start_on(&database, &["--redis", &url, "--demo"]).await;
    let mut second = Program::start_on(&database, &["--redis", &url]).await;
    let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
    let prometheus = Prometheus::start(&[first.base_url(), second.base_url()]).await;
    for (query, expected) in
        [("sum(automoderate_nodes)", "4"), ("sum(automoderate_database_up)", "2"), ("sum(automoderate_redis_up)", "2")]
    {
        prometheus.has(query, expected).await;
    }
    prometheus.is_content().await;

    redis.down();
    prometheus.tells("AutoModerateRedisDown").await;
    redis.up().await;
    prometheus.is_content().await;
    redis.signal("STOP");
    prometheus.tells("AutoModerateRedisDown").await;
    redis.signal("CONT");
    prometheus.is_content().await;

    second.kill().await;
    prometheus.tells("AutoModerateNodeDown").await;

    cluster.down("QUIT");
    prometheus.tells("AutoModerateDatabaseDown").await;
    tells_when_busy(&prometheus, "AutoModerateRefusing", &access, 1).await;
    cluster.up().await;
    eventually("the database is there", async || {
        !prometheus.alerts().await.contains(&"AutoModerateDatabaseDown".to_owned())
    })
    .await;
}

/// A draining node can't be scraped any more, so it fires the alert for an unreachable node.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_drains() {
    let folder = tempfile::tempdir().unwrap();
    let node = Program::start(folder.path(), &["--demo"]).await;
    let prometheus = Prometheus::start(&[node.base_url()]).await;
    prometheus.is_content().await;
    node.signal("TERM");
    prometheus.tells("AutoModerateNodeDown").await;
    assert_eq!(node.exit_code().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_have_different_databases() {
    let cluster = Cluster::start().await;
    let first = Program::start_on(&cluster.database(), &[]).await;
    let second = Program::start_on(&cluster.another_database("another"), &[]).await;
    let prometheus = Prometheus::start(&[first.base_url(), second.base_url()]).await;
    prometheus.tells("AutoModerateNodesApart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_is_full() {
    let disk = Disk::new(8);
    let running = server().database_file(disk.path().join("automoderate.db")).start().await.unwrap();
    let access = Access { base_url: running.base_url(), key: key(&running), project_id: project(&running) };
    let prometheus = Prometheus::start(std::slice::from_ref(&access.base_url)).await;
    submit(&access, 1).await;
    prometheus.is_content().await;
    disk.fill();
    tells_when_busy(&prometheus, "AutoModerateStorageFull", &access, 20_000).await;
    running.shutdown().await;
}

/// No line of `/metrics` is skipped.
#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let node = Program::start(folder.path(), &["--demo"]).await;
    let access = Access { base_url: node.base_url(), key: node.api_key(), project_id: node.project_id() };
    let prometheus = Prometheus::start(&[node.base_url()]).await;
    for _ in 0..3 {
        submit(&access, 1).await;
    }
    let is_sample = |line: &&str| !line.is_empty() && !line.starts_with('#');
    eventually("each sample is read", async || {
        let text = http().get(format!("{}/metrics", access.base_url)).send().await.unwrap().text().await.unwrap();
        let samples = text.lines().filter(is_sample).count().to_string();
        prometheus.values("scrape_samples_scraped").await == [samples]
    })
    .await;
    prometheus.has("automoderate_contents_total{status=%22approved%22}", "3").await;
}
