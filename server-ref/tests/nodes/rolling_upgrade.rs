//! An upgrade under load: the migrations of a fictitious next version are applied, and then the nodes are replaced one by one. Old and new
//! nodes work with the extended schema, nothing is lost, and no request is refused.

use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection, SqlSafeStr as _};

use crate::balancer::Balancer;
use crate::cluster::PostgresCluster;
use crate::load::Load;
use crate::program::ServerProgram;
use crate::recording_client::{RecordingClient, logged_decision_ids};
use crate::short_or_long;
use crate::stored_data::Access;

const CONNECTIONS: usize = 8;
const WATCHER_COUNT: usize = 4;
/// The migrations of a fictitious next version: new columns, a table, and an index. Each migration changes only one table in use, because a
/// transaction that locks several tables could deadlock with transactions of running nodes.
const NEXT_MIGRATIONS: [&str; 7] = [
    "ALTER TABLE moderation_results ADD COLUMN next TEXT",
    "ALTER TABLE events ADD COLUMN next BIGINT NOT NULL DEFAULT 7",
    "ALTER TABLE projects ADD COLUMN next BIGINT NOT NULL DEFAULT 7",
    "ALTER TABLE api_keys ADD COLUMN next BIGINT",
    "ALTER TABLE users ADD COLUMN next TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE next (id TEXT PRIMARY KEY, project_id TEXT COLLATE \"C\" REFERENCES projects (id) ON DELETE CASCADE)",
    "CREATE INDEX events_by_next ON events (project_id, created_at)",
];

async fn migrate_to_next_version(database: &str) {
    let migrations = NEXT_MIGRATIONS
        .into_iter()
        .zip(9001..)
        .map(|(sql, version)| Migration::new(version, "next".into(), MigrationType::Simple, sql.into_sql_str(), false));
    let mut next = Migrator::with_migrations(migrations.collect());
    next.set_ignore_missing(true);
    let mut connection = PgConnection::connect(database).await.unwrap();
    next.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn start_node(database: &str, more: &[&str]) -> ServerProgram {
    let arguments = [&["--max-connections-per-ip", "0", "--max-events-per-minute", "0"], more].concat();
    ServerProgram::start_on(database, &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_upgrade_loses_nothing_and_refuses_nothing() {
    let cluster = PostgresCluster::start().await;
    let database = cluster.create_test_database();
    let first = start_node(&database, &["--demo"]).await;
    let access = Access { base_url: first.base_url(), key: first.api_key(), project_id: first.project_id() };
    let mut nodes = vec![first, start_node(&database, &[]).await];
    let urls = |nodes: &[ServerProgram]| nodes.iter().map(ServerProgram::base_url).collect::<Vec<_>>();
    let balancer = Balancer::start(&urls(&nodes)).await;
    let access = Access { base_url: balancer.url(), ..access };

    let total = short_or_long(2_000, 30_000);
    let mut watchers = Vec::new();
    for _ in 0..WATCHER_COUNT {
        watchers.push(RecordingClient::start(&balancer.url(), &access, total).await);
    }
    let load = Load::start(&balancer.url(), &access.key, total, CONNECTIONS);
    load.wait_until_acknowledged(total / 4).await;
    migrate_to_next_version(&database).await;
    load.wait_until_acknowledged(total / 2).await;
    for (n, acknowledged) in [(0, total * 5 / 8), (1, total * 7 / 8)] {
        // The new node is started before the old one stops.
        let old = std::mem::replace(&mut nodes[n], start_node(&database, &["--no-migrate"]).await);
        balancer.set_nodes(&urls(&nodes));
        old.signal("TERM");
        assert_eq!(old.exit_code().await, Some(0));
        load.wait_until_acknowledged(acknowledged).await;
    }

    let tally = load.finish().await;
    assert_eq!((tally.ids.len(), tally.refused.len()), (total, 0), "{:?}", tally.refused);
    // An item whose request was not answered is stored once, because each repetition has the same idempotency key.
    assert_eq!(access.check_consistency(&tally).await, total);
    let log = logged_decision_ids(&access).await;
    let mut silence = Duration::ZERO;
    for watcher in watchers {
        silence = silence.max(watcher.expect_exactly(&log[..total]).await);
    }
    eprintln!(
        "rolling upgrade: lost 0, twice 0, of {total}; longest silence {silence:.1?}; refused 0, {} without an answer",
        tally.unanswered
    );
}
