//! Backup and restore with the commands in `docs/operations.md`, while many items arrive.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::books::Access;
use crate::cluster::Cluster;
use crate::load::{Load, Tally};
use crate::program::Program;

const CONTENTS: usize = 1_000;
const PAGE: &str = include_str!("../../../docs/operations.md");

/// The page's commands for one of the databases: for a backup, and for its restoration.
fn printed(database: &str) -> [String; 2] {
    let (_, section) = PAGE.split_once("## Backup and restore").unwrap();
    let mut blocks = section.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let (backup, restore) = (blocks.next().unwrap(), blocks.next().unwrap());
    let backup = backup.lines().find(|line| line.contains(&format!("# {database}"))).unwrap();
    let (sqlite, postgres) = restore.split_once("\n\n").unwrap();
    [backup, if database == "SQLite" { sqlite } else { postgres }].map(str::to_owned)
}

/// The folder of the commands, and their environment.
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
    access.socket().await.join(&access.project_id).await["log"].clone()
}

/// Backs up the server's database while many items arrive, and restores it once all are stored.
async fn comes_back(database: &str, url: &str, shell: &Shell) {
    let [backup, restore] = printed(database);
    let running = Program::start_on(url, &["--demo"]).await;
    let access = Access { base_url: running.base_url(), key: running.api_key(), project_id: running.project_id() };
    let load = Load::start(&access.base_url, &access.key, CONTENTS, 8);
    load.reaches(CONTENTS / 4).await;
    let before = load.acknowledged();
    shell.run(&backup);
    let after = load.acknowledged();
    load.finish().await;
    let (id, log) = (log_id(&access).await, access.log().await);
    running.signal("TERM");
    assert_eq!(running.exit_code().await, Some(0));
    shell.run(&restore);

    let restored = Program::start_on(url, &["--demo"]).await;
    let access = Access { base_url: restored.base_url(), key: restored.api_key(), ..access };
    // One consistent state: each item has its event, and all are unchanged, up to one of them.
    let contents = access.balance(&Tally::default()).await;
    assert!((before..=after + 8).contains(&contents), "{before} {contents} {after}");
    let copy = access.log().await;
    assert_eq!(copy, log[..copy.len()]);
    assert_ne!(log_id(&access).await, id);
    // And it continues.
    let tally = Load::start(&access.base_url, &access.key, 10, 2).finish().await;
    assert_eq!(access.balance(&tally).await, contents + 10);
    eprintln!("{database}: {before} items acknowledged before the backup, {contents} in it, {after} after it");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs sqlite3: make test-postgres"]
async fn sqlite() {
    let shell = Shell::new();
    let url = format!("sqlite://{}", shell.path().join("automoderate.db").display());
    comes_back("SQLite", &url, &shell).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn postgres() {
    let cluster = Cluster::start().await;
    let host = cluster.socket().parent().unwrap().display().to_string();
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
    comes_back("PostgreSQL", &url, &shell).await;
}
