//! An upgrade under load: the schema gets the additions of a next version, then each node is replaced, one after the other. Nodes that
//! do not know the additions continue, and others are started on them: nothing is lost, and no request is refused.

use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection, SqlSafeStr as _};

use crate::balancer::Balancer;
use crate::books::Access;
use crate::cluster::Cluster;
use crate::load::Load;
use crate::program::Program;
use crate::short_or_long;
use crate::watcher::{Watcher, updates};

const CONNECTIONS: usize = 8;
const WATCHERS: usize = 4;
/// Stands for the migrations of the next version: new columns, tables and indexes. Each changes one table that is in use: a transaction
/// that locked several could deadlock with those of running nodes.
const ADDITIONS: [&str; 7] = [
    "ALTER TABLE moderation_results ADD COLUMN next TEXT",
    "ALTER TABLE events ADD COLUMN next BIGINT NOT NULL DEFAULT 7",
    "ALTER TABLE projects ADD COLUMN next BIGINT NOT NULL DEFAULT 7",
    "ALTER TABLE api_keys ADD COLUMN next BIGINT",
    "ALTER TABLE users ADD COLUMN next TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE next (id TEXT PRIMARY KEY, project_id TEXT COLLATE \"C\" REFERENCES projects (id) ON DELETE CASCADE)",
    "CREATE INDEX events_by_next ON events (project_id, created_at)",
];

/// Does what `migrate` of the next version does.
async fn migrate(database: &str) {
    let migrations = ADDITIONS
        .into_iter()
        .zip(9001..)
        .map(|(sql, version)| Migration::new(version, "next".into(), MigrationType::Simple, sql.into_sql_str(), false));
    let mut next = Migrator::with_migrations(migrations.collect());
    next.set_ignore_missing(true);
    let mut connection = PgConnection::connect(database).await.unwrap();
    next.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn node(database: &str, more: &[&str]) -> Program {
    let arguments = [&["--max-connections-per-ip", "0", "--max-events-per-minute", "0"], more].concat();
    Program::start_on(database, &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nobody_is_refused() {
    let cluster = Cluster::start().await;
    let database = cluster.database();
    let first = node(&database, &["--demo"]).await;
    let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
    let mut nodes = vec![first, node(&database, &[]).await];
    let urls = |nodes: &[Program]| nodes.iter().map(Program::base_url).collect::<Vec<_>>();
    let balancer = Balancer::start(&urls(&nodes)).await;
    let access = Access { base_url: balancer.url(), ..access };

    let total = short_or_long(2_000, 30_000);
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        watchers.push(Watcher::start(&balancer.url(), &access, total).await);
    }
    let load = Load::start(&balancer.url(), &access.key, total, CONNECTIONS);
    load.reaches(total / 4).await;
    migrate(&database).await;
    load.reaches(total / 2).await;
    for (n, acknowledged) in [(0, total * 5 / 8), (1, total * 7 / 8)] {
        // The new node starts before the old one stops.
        let old = std::mem::replace(&mut nodes[n], node(&database, &["--no-migrate"]).await);
        balancer.set(&urls(&nodes));
        old.signal("TERM");
        assert_eq!(old.exit_code().await, Some(0));
        load.reaches(acknowledged).await;
    }

    let tally = load.finish().await;
    assert_eq!((tally.ids.len(), tally.refused.len()), (total, 0), "{:?}", tally.refused);
    // Requests without an answer that were carried out are recognized by their keys.
    assert_eq!(access.balance(&tally).await, total);
    let log = updates(&access).await;
    let mut silence = Duration::ZERO;
    for watcher in watchers {
        silence = silence.max(watcher.has_seen(&log[..total]).await);
    }
    eprintln!(
        "rolling upgrade: lost 0, twice 0, of {total}; longest silence {silence:.1?}; refused 0, {} without an answer",
        tally.unanswered
    );
}
