//! Access to the database, which is either SQLite or PostgreSQL, through one handle.
//!
//! Several processes may write to the same database, so almost nothing is cached between calls. Data that belongs together is
//! written in one transaction, which locks the rows that must not change before the transaction ends.

mod accounts;
mod audit;
mod backend;
mod bulk_insert;
mod commit;
mod commit_state;
mod content_pages;
mod contents;
mod events;
mod exclusive_connection;
mod idempotency;
mod invalidations;
mod invitations;
mod keys;
mod log_identity;
mod members;
mod notifications;
mod nul_tolerant_text;
mod postgres;
mod project_deletion;
mod projects;
mod read_connections;
mod reviews;
mod rules;
mod schema;
mod sessions;
mod setup_tokens;
mod sqlite;
mod user_deletion;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, SqliteConnection};
use tokio::sync::MappedMutexGuard;

pub(crate) use audit::AuditPosition;
pub(crate) use commit::{CommitOutcome, Committed, InDoubtCommit};
pub(crate) use invalidations::InvalidationListener;
pub(crate) use schema::SchemaState;
pub(crate) use sessions::SessionDraft;

use self::backend::{Backend, Tx, with_conn};
use self::postgres::PgDatabase;
use self::read_connections::OwnerReadScheduler;
use self::sqlite::SqliteDatabase;
use crate::Error;
use crate::options::EventLog;
use crate::time::{Micros, now};

/// The ids of a database and its event log, which are the same in all processes that share the database.
struct DatabaseIdentity {
    log_id: String,
    database_id: String,
}

const SELECT_LOG_ID: &str = "SELECT value FROM meta WHERE key = 'log_id'";
const SELECT_DATABASE_ID: &str = "SELECT value FROM meta WHERE key = 'database_id'";

/// Options for opening a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoreOptions {
    /// True if a SQLite file that does not exist may be created.
    pub(crate) may_create: bool,
    /// True if pending migrations may be applied. Otherwise, pending migrations are an error.
    pub(crate) may_migrate: bool,
    /// Maximum time to wait for another process that holds SQLite's write lock.
    pub(crate) busy_timeout: Duration,
    pub(crate) retention: EventLog,
    /// Length of the review queue above which a project receives a warning. 0 disables the warning.
    pub(crate) review_warning_threshold: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            may_create: true,
            may_migrate: true,
            busy_timeout: Duration::from_secs(5),
            retention: EventLog::default(),
            review_warning_threshold: 0,
        }
    }
}

/// An SQL expression for the current time on PostgreSQL's clock, in microseconds since 1970.
macro_rules! postgres_clock {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}
const POSTGRES_CLOCK: &str = postgres_clock!();
const SELECT_POSTGRES_CLOCK: &str = concat!("SELECT ", postgres_clock!());

/// A handle to the database. Clones refer to the same database and share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    inner: Arc<StoreInner>,
}

#[derive(Debug)]
struct StoreInner {
    database: Backend<SqliteDatabase, PgDatabase>,
    owner_read_scheduler: OwnerReadScheduler,
    log_id: RwLock<Arc<str>>,
    database_id: String,
    retention: EventLog,
    review_warning_threshold: i64,
}

fn unsupported_url() -> Error {
    Error::DatabaseUrl("expected sqlite://PATH or postgres://HOST/NAME".into())
}

type WriteConnection<'a> = Backend<MappedMutexGuard<'a, SqliteConnection>, PoolConnection<Postgres>>;
type LogConnection<'a> = Backend<MappedMutexGuard<'a, SqliteConnection>, MappedMutexGuard<'a, PgConnection>>;

impl Store {
    /// Opens the database at a URL such as `sqlite://automoderate.db` or `postgres://user:password@host/name`.
    ///
    /// A missing SQLite file is created if the options allow it. A PostgreSQL database must already exist.
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
            _ => return Err(unsupported_url()),
        };
        let StoreOptions { retention, review_warning_threshold, .. } = opening;
        let owner_read_scheduler = OwnerReadScheduler::new(match &database {
            Backend::Sqlite(_) => sqlite::READ_POOL_SIZE,
            Backend::Postgres(_) => postgres::READ_POOL_SIZE,
        });
        let review_warning_threshold = review_warning_threshold.into();
        let DatabaseIdentity { log_id, database_id } = identity;
        let log_id = RwLock::new(log_id.into());
        let inner =
            StoreInner { database, owner_read_scheduler, log_id, database_id, retention, review_warning_threshold };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns the state of an existing database's schema without changing the database.
    pub(crate) async fn schema_state(url: &str) -> Result<SchemaState, Error> {
        match url.split_once(':') {
            Some(("sqlite", _)) => SqliteDatabase::schema_state(url).await,
            Some(("postgres" | "postgresql", _)) => PgDatabase::schema_state(url).await,
            _ => Err(unsupported_url()),
        }
    }

    pub(crate) async fn close(&self) {
        match &self.inner.database {
            Backend::Sqlite(database) => database.close().await,
            Backend::Postgres(database) => database.close().await,
        }
    }

    /// Checks whether the database responds. The check uses a separate connection, so that busy connections don't affect the
    /// result.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        match &self.inner.database {
            Backend::Sqlite(database) => database.ping().await,
            Backend::Postgres(database) => database.ping().await,
        }
    }

    /// Returns the current time. With PostgreSQL, the time comes from the database's clock, which all nodes share.
    async fn database_time(&self) -> Result<Micros, Error> {
        match &self.inner.database {
            Backend::Sqlite(_) => Ok(now()),
            Backend::Postgres(database) => {
                Ok(sqlx::query_scalar(SELECT_POSTGRES_CLOCK).fetch_one(&database.write_pool).await?)
            }
        }
    }

    fn is_postgres(&self) -> bool {
        matches!(self.inner.database, Backend::Postgres(_))
    }

    /// Returns a connection for transactions that append no events to the log.
    async fn write_connection(&self) -> Result<WriteConnection<'_>, Error> {
        Ok(match &self.inner.database {
            Backend::Sqlite(database) => Backend::Sqlite(database.write_connection().await?),
            Backend::Postgres(database) => Backend::Postgres(database.write_pool.acquire().await?),
        })
    }

    /// Returns the connection for transactions that append events to the log.
    async fn log_connection(&self) -> Result<LogConnection<'_>, Error> {
        Ok(match &self.inner.database {
            Backend::Sqlite(database) => Backend::Sqlite(database.write_connection().await?),
            Backend::Postgres(database) => Backend::Postgres(database.log_connection().await?),
        })
    }

    /// Causes the connection for writing the event log to be replaced before its next use.
    fn mark_log_connection_suspect(&self) {
        match &self.inner.database {
            Backend::Sqlite(database) => database.write_connection.mark_suspect(),
            Backend::Postgres(database) => database.log_connection.mark_suspect(),
        }
    }
}

impl Tx<'_> {
    /// Returns the current time, like [`Store::database_time`].
    async fn database_time(&mut self) -> sqlx::Result<Micros> {
        match self {
            Self::Sqlite(_) => Ok(now()),
            Self::Postgres(tx) => sqlx::query_scalar(SELECT_POSTGRES_CLOCK).fetch_one(&mut **tx).await,
        }
    }
}

#[cfg(test)]
#[allow(dead_code, reason = "the integration tests use the rest of this module")]
#[path = "../../../tests/it/databases.rs"]
mod databases;

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens a store on an empty database of the kind under test. With SQLite, the returned folder contains the database file.
    pub(super) async fn empty_store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = || format!("sqlite://{}", folder.path().join("test.db").display());
        let url = databases::fresh_database_url().unwrap_or_else(file);
        (Store::open(&url, StoreOptions::default()).await.unwrap(), folder)
    }
}
