//! A PostgreSQL server that a test may stop and start.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::databases::create;
use crate::support::eventually;

/// Killed and deleted when the test ends.
pub(crate) struct Cluster {
    folder: TempDir,
    server: Option<Child>,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        Self::start_in(&std::env::temp_dir()).await
    }

    /// With its files in this folder.
    pub(crate) async fn start_in(parent: &Path) -> Self {
        let folder = tempfile::tempdir_in(parent).unwrap();
        let mut cluster = Self { folder, server: None };
        if let Some((uid, gid)) = postgres_user() {
            std::os::unix::fs::chown(cluster.folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut initdb = cluster.program("initdb");
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
        cluster.up().await;
        cluster
    }

    /// One of PostgreSQL's programs, in the cluster's folder: it refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let bin = std::env::var("POSTGRES_BIN").expect("told by server-ref/tests/postgres/setup.sh");
        let mut command = Command::new(PathBuf::from(bin).join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((uid, gid)) = postgres_user() {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// The server, without a database's name.
    fn server(&self) -> String {
        format!("postgres://postgres@localhost/?host={}", self.folder.path().display())
    }

    /// A new database.
    pub(crate) fn database(&self) -> String {
        self.another_database("test")
    }

    pub(crate) fn another_database(&self, name: &str) -> String {
        create(&self.server(), name)
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn up(&mut self) {
        let admin = self.server().replace("/?", "/postgres?");
        eventually("PostgreSQL answers", async || {
            // It refuses to start while old processes are still ending.
            let running = self.server.as_mut().is_some_and(|server| server.try_wait().unwrap().is_none());
            if !running {
                let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
                let mut server = self.program("postgres");
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

    /// `QUIT`: at once, without a clean shutdown, so that it must recover at the next start. `KILL`: its main process,
    /// which the others notice.
    pub(crate) fn down(&mut self, signal: &str) {
        if let Some(mut server) = self.server.take() {
            let pid = server.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
            server.wait().unwrap();
        }
    }
}

impl Cluster {
    /// Keeps a copy of the data, as an asynchronous standby has it at this moment. Stops the server for it.
    pub(crate) async fn copy_to_standby(&mut self) {
        self.down("INT");
        self.copy("data", "standby");
        self.up().await;
    }

    /// Loses the server with its data, and continues with the standby's.
    pub(crate) async fn fail_over(&mut self) {
        self.down("KILL");
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
        self.copy("standby", "data");
        self.up().await;
    }

    fn copy(&self, from: &str, to: &str) {
        let copied = Command::new("cp").args(["--archive", from, to]).current_dir(self.folder.path()).status();
        assert!(copied.unwrap().success());
        let _ = fs::remove_file(self.folder.path().join(to).join("postmaster.pid"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.down("QUIT");
    }
}

/// The user to switch to if we are root.
fn postgres_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("a user for PostgreSQL");
    let fields: Vec<&str> = user.split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}
