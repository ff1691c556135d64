//! The databases, SQLite and PostgreSQL, in one handle.
//!
//! Nothing is cached between two calls, because several processes may write one database. Data that belongs together is
//! written in one transaction, which locks everything that must not change in between.

mod accounts;
mod audit;
mod backend;
mod commit;
mod commit_state;
mod contents;
mod deletion;
mod events;
mod exclusive_connection;
mod idempotency;
mod invalidations;
mod invitations;
mod keys;
mod listing;
mod log_identity;
mod members;
mod notifications;
mod postgres;
mod projects;
mod readers;
mod reviews;
mod rows;
mod rules;
mod schema;
mod sessions;
mod setup;
mod sqlite;
mod text;
mod user_deletion;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, SqliteConnection};
use tokio::sync::MappedMutexGuard;

pub(crate) use audit::AuditPosition;
pub(crate) use commit::{CommitOutcome, Committed, InDoubtCommit};
pub(crate) use invalidations::InvalidationListener;
pub(crate) use schema::Schema;
pub(crate) use sessions::SessionDraft;

use self::backend::{Backend, Tx, with_conn};
use self::postgres::PgDatabase;
use self::readers::Readers;
use self::sqlite::SqliteDatabase;
use crate::Error;
use crate::options::EventLog;
use crate::time::{Micros, now};

/// The ids of the event log and of the database, which all processes that share it report.
struct Identity {
    log_id: String,
    database_id: String,
}

const LOG_ID: &str = "SELECT value FROM meta WHERE key = 'log_id'";
const DATABASE_ID: &str = "SELECT value FROM meta WHERE key = 'database_id'";

/// Options of opening a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoreOptions {
    /// Creates a missing SQLite file.
    pub(crate) create: bool,
    /// Applies pending migrations; `false`: they are an error.
    pub(crate) migrate: bool,
    /// The longest wait for another process that holds SQLite's write lock.
    pub(crate) busy_timeout: Duration,
    pub(crate) retention: EventLog,
    /// The length of the review queue above which a project is warned; 0: never.
    pub(crate) queue_limit: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            create: true,
            migrate: true,
            busy_timeout: Duration::from_secs(5),
            retention: EventLog::default(),
            queue_limit: 0,
        }
    }
}

/// PostgreSQL's clock, in microseconds.
macro_rules! clock {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}
const CLOCK: &str = clock!();
const SELECT_CLOCK: &str = concat!("SELECT ", clock!());

/// A handle to the database; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Backend<SqliteDatabase, PgDatabase>,
    readers: Readers,
    log_id: RwLock<Arc<str>>,
    database_id: String,
    retention: EventLog,
    /// The number of items in the review queue above which a warning is sent; 0: any number.
    queue_limit: i64,
}

fn unknown_database() -> Error {
    Error::DatabaseUrl("expected sqlite://PATH or postgres://HOST/NAME".into())
}

type WriteConnection<'a> = Backend<MappedMutexGuard<'a, SqliteConnection>, PoolConnection<Postgres>>;
type LogConnection<'a> = Backend<MappedMutexGuard<'a, SqliteConnection>, MappedMutexGuard<'a, PgConnection>>;

impl Store {
    /// Opens a database such as `sqlite://automoderate.db`, which is created if it doesn't exist, or
    /// `postgres://user:password@host/name`.
    pub(crate) async fn open(url: &str, opening: StoreOptions) -> Result<Self, Error> {
        let (database, identity) = match url.split_once(':') {
            Some(("sqlite", _)) => {
                let (database, identity) = SqliteDatabase::open(url, opening).await?;
                (Backend::Sqlite(database), identity)
            }
            Some(("postgres" | "postgresql", _)) => {
                let (database, identity) = PgDatabase::open(url, opening).await?;
                (Backend::Postgres(database), identity)
            }
            _ => return Err(unknown_database()),
        };
        let StoreOptions { retention, queue_limit, .. } = opening;
        let readers = Readers::new(match &database {
            Backend::Sqlite(_) => sqlite::READ_POOL_SIZE,
            Backend::Postgres(_) => postgres::READ_POOL_SIZE,
        });
        let queue_limit = queue_limit.into();
        let Identity { log_id, database_id } = identity;
        let log_id = RwLock::new(log_id.into());
        Ok(Self { inner: Arc::new(Inner { database, readers, log_id, database_id, retention, queue_limit }) })
    }

    /// The state of the schema of a database that exists. Changes nothing.
    pub(crate) async fn schema(url: &str) -> Result<Schema, Error> {
        match url.split_once(':') {
            Some(("sqlite", _)) => SqliteDatabase::schema(url).await,
            Some(("postgres" | "postgresql", _)) => PgDatabase::schema(url).await,
            _ => Err(unknown_database()),
        }
    }

    pub(crate) async fn close(&self) {
        match &self.inner.database {
            Backend::Sqlite(database) => database.close().await,
            Backend::Postgres(database) => database.close().await,
        }
    }

    /// Checks whether the database answers, on a separate connection, however busy the others are.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        match &self.inner.database {
            Backend::Sqlite(database) => database.ping().await,
            Backend::Postgres(database) => database.ping().await,
        }
    }

    /// The time by which things expire: the database's, which is the same for all nodes.
    async fn clock(&self) -> Result<Micros, Error> {
        match &self.inner.database {
            Backend::Sqlite(_) => Ok(now()),
            Backend::Postgres(database) => Ok(sqlx::query_scalar(SELECT_CLOCK).fetch_one(&database.pool).await?),
        }
    }

    fn is_postgres(&self) -> bool {
        matches!(self.inner.database, Backend::Postgres(_))
    }

    /// A connection for writing anything except the log.
    async fn writer(&self) -> Result<WriteConnection<'_>, Error> {
        Ok(match &self.inner.database {
            Backend::Sqlite(database) => Backend::Sqlite(database.writer().await?),
            Backend::Postgres(database) => Backend::Postgres(database.pool.acquire().await?),
        })
    }

    /// The connection for writing the log.
    async fn log(&self) -> Result<LogConnection<'_>, Error> {
        Ok(match &self.inner.database {
            Backend::Sqlite(database) => Backend::Sqlite(database.writer().await?),
            Backend::Postgres(database) => Backend::Postgres(database.log().await?),
        })
    }

    /// Replaces the held connection of the log before its next use.
    fn distrust_log(&self) {
        match &self.inner.database {
            Backend::Sqlite(database) => database.writer.distrust(),
            Backend::Postgres(database) => database.log.distrust(),
        }
    }
}

impl Tx<'_> {
    /// The time by which things expire, as [`Store::clock`].
    async fn clock(&mut self) -> sqlx::Result<Micros> {
        match self {
            Self::Sqlite(_) => Ok(now()),
            Self::Postgres(tx) => sqlx::query_scalar(SELECT_CLOCK).fetch_one(&mut **tx).await,
        }
    }
}

#[cfg(test)]
#[allow(dead_code, reason = "of the other tests, which use all of it")]
#[path = "../../../tests/it/databases.rs"]
mod databases;

#[cfg(test)]
mod tests {
    use super::*;

    /// A store on an empty database of the kind that the tests use, and the folder of its file.
    pub(super) async fn empty_store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = || format!("sqlite://{}", folder.path().join("test.db").display());
        let url = databases::fresh().unwrap_or_else(file);
        (Store::open(&url, StoreOptions::default()).await.unwrap(), folder)
    }
}
