//! A disk becomes full, and then has space again.

use automoderate_server::RunningServer;
use serde_json::{Value, json};

use crate::books::Access;
use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::listener::Listener;
use crate::load::{Load, Tally};
use crate::support::{eventually, http, key, project, server};

/// Items large enough to need space.
const TEXT: usize = 20_000;
const SOME: usize = 100;

/// Status and answer.
async fn post(access: &Access) -> (u16, Value) {
    let url = format!("{}/api/moderate", access.base_url);
    let body = json!({"content": "x".repeat(TEXT)});
    let response = http().post(url).header("x-api-key", &access.key).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn access(server: &RunningServer) -> Access {
    Access { base_url: server.base_url(), key: key(server), project_id: project(server) }
}

/// Fills the disk, posts until that is refused, and a few times more; returns the items that were still acknowledged.
async fn refused(access: &Access, disk: &Disk, expected: &[(u16, &str)]) -> Tally {
    disk.fill();
    let mut tally = Tally::default();
    while tally.refused.values().sum::<usize>() < 20 {
        let (status, answer) = post(access).await;
        if status == 200 {
            tally.ids.push(answer["content_id"].as_str().unwrap().to_owned());
            assert!(tally.ids.len() < 5_000, "the disk does not get full");
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
async fn sqlite() {
    let disk = Disk::new(8);
    let file = disk.path().join("automoderate.db");
    let running = server().database_file(&file).start().await.unwrap();
    let access = access(&running);
    let mut tally = Load::start(&access.base_url, &access.key, SOME, 8).finish().await;
    for _ in 0..2 {
        tally += refused(&access, &disk, &[(507, "storage_full")]).await;
        // Stored data can be read.
        let before = access.balance(&tally).await;
        let listener = Listener::start(&access, SOME).await;
        disk.free();
        let more = Load::start(&access.base_url, &access.key, SOME, 8).finish().await;
        assert!(more.refused.is_empty(), "{:?}", more.refused);
        tally += more;
        assert_eq!(access.balance(&tally).await, before + SOME);
        listener.has_heard(&access, SOME).await;
    }
    running.shutdown().await;
    // The file is intact, too.
    let again = server().database_file(&file).start().await.unwrap();
    let access = Access { base_url: again.base_url(), ..access };
    assert_eq!(access.balance(&tally).await, tally.ids.len());
    again.shutdown().await;
}

/// PostgreSQL exits without space for its write-ahead log, and has to be restarted once there is space.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn postgres() {
    let disk = Disk::new(128);
    let mut cluster = Cluster::start_in(disk.path()).await;
    let running = server().database(cluster.database()).start().await.unwrap();
    let access = access(&running);
    let mut tally = Load::start(&access.base_url, &access.key, SOME, 8).finish().await;
    tally += refused(&access, &disk, &[(507, "storage_full"), (503, "unavailable"), (503, "outcome_unknown")]).await;
    disk.free();
    cluster.up().await;
    eventually("it is ready", async || {
        http().get(format!("{}/ready", access.base_url)).send().await.unwrap().status() == 200
    })
    .await;
    tally += Load::start(&access.base_url, &access.key, SOME, 8).finish().await;
    // Items with an unknown outcome may have been stored or not.
    let unknown = tally.refused.get("outcome_unknown").copied().unwrap_or_default();
    let stored = access.balance(&tally).await;
    assert!((tally.ids.len()..=tally.ids.len() + unknown).contains(&stored), "{stored} {:?}", tally.refused);
    eprintln!("{} acknowledged, {stored} stored, refused {:?}", tally.ids.len(), tally.refused);
    running.shutdown().await;
}
