//! A PostgreSQL server that a test can stop and restart.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::databases::create_postgres_database;
use crate::support::eventually;

/// A PostgreSQL cluster, which is stopped and deleted when the value is dropped.
pub(crate) struct PostgresCluster {
    folder: TempDir,
    server: Option<Child>,
}

impl PostgresCluster {
    pub(crate) async fn start() -> Self {
        Self::start_in(&std::env::temp_dir()).await
    }

    /// Starts a cluster whose files are in a new folder inside `parent`.
    pub(crate) async fn start_in(parent: &Path) -> Self {
        let folder = tempfile::tempdir_in(parent).unwrap();
        let mut cluster = Self { folder, server: None };
        if let Some((uid, gid)) = postgres_user() {
            std::os::unix::fs::chown(cluster.folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut initdb = cluster.postgres_command("initdb");
        initdb.args([
            "--pgdata",
            "data",
            "--username",
            "postgres",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-sync",
        ]);
        let done = initdb.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        cluster.ensure_running().await;
        cluster
    }

    /// Returns a command for one of PostgreSQL's programs. The programs refuse to run as root, so root runs them as the user
    /// `postgres`.
    fn postgres_command(&self, name: &str) -> Command {
        let bin = std::env::var("POSTGRES_BIN").expect("server-ref/tests/postgres/setup.sh prints POSTGRES_BIN");
        let mut command = Command::new(PathBuf::from(bin).join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((uid, gid)) = postgres_user() {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn socket_path(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Returns the URL of the server without a database name.
    fn server_url(&self) -> String {
        format!("postgres://postgres@localhost/?host={}", self.folder.path().display())
    }

    /// Creates the database `test`, and returns its URL.
    pub(crate) fn create_test_database(&self) -> String {
        self.create_database("test")
    }

    pub(crate) fn create_database(&self, name: &str) -> String {
        create_postgres_database(&self.server_url(), name)
    }

    /// Starts the server unless it is running, and waits until it answers.
    pub(crate) async fn ensure_running(&mut self) {
        let admin = self.server_url().replace("/?", "/postgres?");
        eventually("PostgreSQL answers", async || {
            // The server exits at once if processes of its predecessor are still ending, so several attempts may be necessary.
            let running = self.server.as_mut().is_some_and(|server| server.try_wait().unwrap().is_none());
            if !running {
                let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
                let mut server = self.postgres_command("postgres");
                server.args([
                    "-D",
                    "data",
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "max_connections=200",
                    "-c",
                    "fsync=off",
                    "-k",
                ]);
                self.server = Some(server.arg(self.folder.path()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
            }
            match PgConnection::connect(&admin).await {
                Ok(connection) => connection.close().await.is_ok(),
                Err(_) => false,
            }
        })
        .await;
    }

    /// Stops the server. `QUIT` stops it without a clean shutdown, so the server recovers at the next start. `KILL` ends only the
    /// main process, and the other processes exit once they notice its end.
    pub(crate) fn stop(&mut self, signal: &str) {
        if let Some(mut server) = self.server.take() {
            let pid = server.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
            server.wait().unwrap();
        }
    }
}

impl PostgresCluster {
    /// Copies the data to a standby, which lacks all later transactions, as an asynchronous standby may. The server is stopped
    /// during the copy.
    pub(crate) async fn copy_to_standby(&mut self) {
        self.stop("INT");
        self.copy_folder("data", "standby");
        self.ensure_running().await;
    }

    /// Kills the server, deletes its data, and starts it with the standby's data.
    pub(crate) async fn fail_over(&mut self) {
        self.stop("KILL");
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
        self.copy_folder("standby", "data");
        self.ensure_running().await;
    }

    fn copy_folder(&self, from: &str, to: &str) {
        let copied = Command::new("cp").args(["--archive", from, to]).current_dir(self.folder.path()).status();
        assert!(copied.unwrap().success());
        let _ = fs::remove_file(self.folder.path().join(to).join("postmaster.pid"));
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        self.stop("QUIT");
    }
}

/// Returns the ids of the user `postgres` and its group, or `None` if this process does not run as root.
fn postgres_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("the user `postgres` exists");
    let fields: Vec<&str> = user.split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}
