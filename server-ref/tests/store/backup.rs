//! Backup and restore with the commands in `docs/operations.md`, while many items are submitted.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::PostgresCluster;
use crate::load::{Load, SubmissionTally};
use crate::program::ServerProgram;
use crate::stored_data::Access;

const ITEM_COUNT: usize = 1_000;
const OPERATIONS_PAGE: &str = include_str!("../../../docs/operations.md");

/// Returns the documented backup and restore commands for this kind of database.
fn documented_commands(database: &str) -> [String; 2] {
    let (_, section) = OPERATIONS_PAGE.split_once("## Backup and restore").unwrap();
    let mut blocks = section.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let (backup, restore) = (blocks.next().unwrap(), blocks.next().unwrap());
    let backup = backup.lines().find(|line| line.contains(&format!("# {database}"))).unwrap();
    let (sqlite, postgres) = restore.split_once("\n\n").unwrap();
    [backup, if database == "SQLite" { sqlite } else { postgres }].map(str::to_owned)
}

/// A runner of shell commands in a folder, with additional environment variables.
struct Shell {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, commands: &str) {
        let mut shell = Command::new("sh");
        shell.args(["-eu", "-c", commands]).current_dir(self.path()).envs(self.variables.clone());
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{commands}\n{}", String::from_utf8_lossy(&done.stderr));
    }
}

async fn log_id(access: &Access) -> Value {
    access.connect_socket().await.join(&access.project_id).await["log"].clone()
}

/// Backs up the database while items are submitted, restores the backup after the load, and checks the result.
async fn check_backup_and_restore(database: &str, url: &str, shell: &Shell) {
    let [backup, restore] = documented_commands(database);
    let running = ServerProgram::start_on(url, &["--demo"]).await;
    let access = Access { base_url: running.base_url(), key: running.api_key(), project_id: running.project_id() };
    let load = Load::start(&access.base_url, &access.key, ITEM_COUNT, 8);
    load.wait_until_acknowledged(ITEM_COUNT / 4).await;
    let before = load.acknowledged();
    shell.run(&backup);
    let after = load.acknowledged();
    load.finish().await;
    let (id, log) = (log_id(&access).await, access.read_log().await);
    running.signal("TERM");
    assert_eq!(running.exit_code().await, Some(0));
    shell.run(&restore);

    let restored = ServerProgram::start_on(url, &["--demo"]).await;
    let access = Access { base_url: restored.base_url(), key: restored.api_key(), ..access };
    // The restored data is consistent: it consists of a prefix of the log and exactly the items in that prefix.
    let restored = access.check_consistency(&SubmissionTally::default()).await;
    assert!((before..=after + 8).contains(&restored), "{before} {restored} {after}");
    let copy = access.read_log().await;
    assert_eq!(copy, log[..copy.len()]);
    assert_ne!(log_id(&access).await, id);
    // The restored server accepts new items.
    let tally = Load::start(&access.base_url, &access.key, 10, 2).finish().await;
    assert_eq!(access.check_consistency(&tally).await, restored + 10);
    eprintln!(
        "{database}: {before} items acknowledged before the backup, {restored} restored from it, {after} acknowledged after it"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs sqlite3: make test-postgres"]
async fn a_sqlite_backup_is_restored() {
    let shell = Shell::new();
    let url = format!("sqlite://{}", shell.path().join("automoderate.db").display());
    check_backup_and_restore("SQLite", &url, &shell).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn a_postgres_backup_is_restored() {
    let cluster = PostgresCluster::start().await;
    let host = cluster.socket_path().parent().unwrap().display().to_string();
    let mut shell = Shell::new();
    let url = format!("postgres://automoderate@localhost/automoderate?host={host}");
    let bin = PathBuf::from(std::env::var("POSTGRES_BIN").unwrap());
    shell.variables = vec![
        ("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap())),
        ("PGHOST", host),
        ("PGUSER", "postgres".into()),
        ("AUTOMODERATE_DATABASE", url.clone()),
    ];
    shell.run(
        "createuser automoderate && createdb automoderate --owner automoderate --encoding UTF8 --template template0",
    );
    check_backup_and_restore("PostgreSQL", &url, &shell).await;
}
