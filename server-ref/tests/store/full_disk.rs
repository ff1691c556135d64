//! A disk fills up, and later has free space again.

use automoderate_server::RunningServer;
use serde_json::{Value, json};

use crate::cluster::PostgresCluster;
use crate::disk::MemoryDisk;
use crate::listener::EventListener;
use crate::load::{Load, SubmissionTally};
use crate::stored_data::Access;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, eventually, http_client};

/// Size of an item's text in bytes. Items of this size soon use up the space that is left inside the database's files.
const TEXT_BYTES: usize = 20_000;
const ITEM_COUNT: usize = 100;

/// Submits an item, and returns the status and the answer.
async fn submit(access: &Access) -> (u16, Value) {
    let url = format!("{}/api/moderate", access.base_url);
    let body = json!({"content": "x".repeat(TEXT_BYTES)});
    let response = http_client().post(url).header("x-api-key", &access.key).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn demo_access(server: &RunningServer) -> Access {
    Access { base_url: server.base_url(), key: demo_api_key(server), project_id: demo_project_id(server) }
}

/// Fills the disk and submits items until 20 are refused. Returns the results, including items that were acknowledged in the
/// meantime.
async fn submit_until_refused(access: &Access, disk: &MemoryDisk, expected: &[(u16, &str)]) -> SubmissionTally {
    disk.fill();
    let mut tally = SubmissionTally::default();
    while tally.refused.values().sum::<usize>() < 20 {
        let (status, answer) = submit(access).await;
        if status == 200 {
            tally.ids.push(answer["content_id"].as_str().unwrap().to_owned());
            assert!(tally.ids.len() < 5_000, "the disk did not fill up");
            continue;
        }
        let code = answer["code"].as_str().unwrap();
        *tally.refused.entry(code.to_owned()).or_default() += 1;
        assert!(expected.contains(&(status, code)), "{status} {answer}");
        assert!(answer["retry_after"].is_u64(), "{answer}");
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs to mount a disk: make test-postgres"]
async fn a_full_disk_under_sqlite_loses_nothing() {
    let disk = MemoryDisk::new(8);
    let file = disk.path().join("automoderate.db");
    let running = demo_server_builder().database_file(&file).start().await.unwrap();
    let access = demo_access(&running);
    let mut tally = Load::start(&access.base_url, &access.key, ITEM_COUNT, 8).finish().await;
    for _ in 0..2 {
        tally += submit_until_refused(&access, &disk, &[(507, "storage_full")]).await;
        // Stored data can still be read while the disk is full.
        let before = access.check_consistency(&tally).await;
        let listener = EventListener::start(&access, ITEM_COUNT).await;
        disk.make_room();
        let more = Load::start(&access.base_url, &access.key, ITEM_COUNT, 8).finish().await;
        assert!(more.refused.is_empty(), "{:?}", more.refused);
        tally += more;
        assert_eq!(access.check_consistency(&tally).await, before + ITEM_COUNT);
        listener.expect_end_of_log(&access, ITEM_COUNT).await;
    }
    running.shutdown().await;
    // The database file is still intact.
    let again = demo_server_builder().database_file(&file).start().await.unwrap();
    let access = Access { base_url: again.base_url(), ..access };
    assert_eq!(access.check_consistency(&tally).await, tally.ids.len());
    again.shutdown().await;
}

/// PostgreSQL exits when its write-ahead log has no space, and must be restarted once space is free.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn a_full_disk_under_postgres_loses_nothing() {
    let disk = MemoryDisk::new(128);
    let mut cluster = PostgresCluster::start_in(disk.path()).await;
    let running = demo_server_builder().database(cluster.create_test_database()).start().await.unwrap();
    let access = demo_access(&running);
    let mut tally = Load::start(&access.base_url, &access.key, ITEM_COUNT, 8).finish().await;
    tally +=
        submit_until_refused(&access, &disk, &[(507, "storage_full"), (503, "unavailable"), (503, "outcome_unknown")])
            .await;
    disk.make_room();
    cluster.ensure_running().await;
    eventually("the server is ready", async || {
        http_client().get(format!("{}/ready", access.base_url)).send().await.unwrap().status() == 200
    })
    .await;
    tally += Load::start(&access.base_url, &access.key, ITEM_COUNT, 8).finish().await;
    // Items whose outcome is unknown may or may not be stored.
    let unknown = tally.refused.get("outcome_unknown").copied().unwrap_or_default();
    let stored = access.check_consistency(&tally).await;
    assert!((tally.ids.len()..=tally.ids.len() + unknown).contains(&stored), "{stored} {:?}", tally.refused);
    eprintln!("{} acknowledged, {stored} stored, refused {:?}", tally.ids.len(), tally.refused);
    running.shutdown().await;
}
