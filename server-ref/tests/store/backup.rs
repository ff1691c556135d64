//! Backup and restore as `docs/operations.md` says, while contents pour in.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::books::Access;
use crate::cluster::Cluster;
use crate::load::{Load, Tally};
use crate::support::{key, project, server};

const CONTENTS: usize = 1_000;

fn shell(program: &Path, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

async fn log_id(access: &Access) -> Value {
    access.socket().await.join(&access.project_id).await["log"].clone()
}

/// Runs a server on the first database while it is copied, then one on the copy.
async fn restored(first: &str, copy: impl AsyncFnOnce(), second: &str) {
    let running = server().database(first).start().await.unwrap();
    let access = Access { base_url: running.base_url(), key: key(&running), project_id: project(&running) };
    let log = log_id(&access).await;
    let load = Load::start(&access.base_url, &access.key, CONTENTS, 8);
    load.reaches(CONTENTS / 4).await;
    copy().await;
    let before = load.acknowledged();
    load.finish().await;
    running.shutdown().await;

    let restored = server().database(second).start().await.unwrap();
    let access = Access { base_url: restored.base_url(), ..access };
    // One state of it all: each content has its event.
    let contents = access.balance(&Tally::default()).await;
    assert!((CONTENTS / 4..=before + 8).contains(&contents), "{contents}");
    assert_ne!(log_id(&access).await, log);
    // And it goes on.
    let tally = Load::start(&access.base_url, &access.key, 10, 2).finish().await;
    assert_eq!(access.balance(&tally).await, contents + 10);
    restored.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let copy = async || {
        let mut live = SqliteConnection::connect(&url("a.db")).await.unwrap();
        let backup = folder.path().join("b.db");
        sqlx::query("VACUUM INTO $1").bind(backup.to_str().unwrap()).execute(&mut live).await.unwrap();
        live.close().await.unwrap();
        let mut copy = SqliteConnection::connect(&url("b.db")).await.unwrap();
        let renew = "UPDATE meta SET value = lower(hex(randomblob(12))) WHERE key = 'log_id'";
        assert_eq!(sqlx::query(renew).execute(&mut copy).await.unwrap().rows_affected(), 1);
        copy.close().await.unwrap();
    };
    restored(&url("a.db"), copy, &url("b.db")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn postgres() {
    let cluster = Cluster::start().await;
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("backup.dump").display().to_string();
    let (first, second) = (cluster.database(), cluster.another_database("restored"));
    let copy = async || {
        let bin = PathBuf::from(std::env::var("POSTGRES_BIN").unwrap());
        shell(&bin.join("pg_dump"), &["--format=custom", "--file", &dump, &first]);
        shell(&bin.join("pg_restore"), &["--no-owner", "--dbname", &second, &dump]);
        let mut copy = PgConnection::connect(&second).await.unwrap();
        let renew = "UPDATE meta SET value = left(replace(gen_random_uuid()::text, '-', ''), 24) WHERE key = 'log_id'";
        assert_eq!(sqlx::query(renew).execute(&mut copy).await.unwrap().rows_affected(), 1);
        copy.close().await.unwrap();
    };
    restored(&first, copy, &second).await;
}
