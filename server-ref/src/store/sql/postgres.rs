//! A PostgreSQL database, with pools for reading and writing and a separate connection for writing the event log.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::MappedMutexGuard;

use super::exclusive_connection::ExclusiveConnection;
use super::log_identity;
use super::schema::{SchemaState, migrate_postgres};
use super::{DatabaseIdentity, SELECT_DATABASE_ID, SELECT_LOG_ID, StoreOptions};
use crate::Error;
use crate::ids::random_id;
use crate::time::{Micros, now};

pub(super) const READ_POOL_SIZE: u32 = 6;
const WRITE_POOL_SIZE: u32 = 3;
/// Maximum time for which a request waits for a connection. The database usually restarts within this time.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Session settings. If a process hangs or disappears, PostgreSQL ends its transaction before other transactions stop
/// waiting for that transaction's locks.
const SESSION_SETTINGS: [(&str, &str); 2] = [("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "3s")];
/// Additional session settings for connections that only read. PostgreSQL stops long-running statements whether or not their callers are
/// still waiting for the results.
///
/// Connections that write must not use this timeout: a COMMIT that waits for a standby could be interrupted, and PostgreSQL would
/// then report success.
const READ_SESSION_SETTINGS: [(&str, &str); 1] = [("statement_timeout", "5s")];
/// Age, in microseconds, beyond which a starting process deletes the mark of a process that no longer writes.
const WRITER_MARK_LIFETIME: Micros = 30 * 24 * 60 * 60 * 1_000_000;

#[derive(Debug)]
pub(super) struct PgDatabase {
    pub(super) write_pool: PgPool,
    pub(super) read_pool: PgPool,
    /// The connection for [`PgDatabase::ping`], opened on first use.
    health_check_connection: ExclusiveConnection<PgConnection>,
    health_check_options: PgConnectOptions,
    pub(super) log_connection: ExclusiveConnection<PgConnection>,
    /// The id of this process in the `writers` table.
    writer_id: String,
    last_assigned_mark: AtomicI64,
    /// The mark of the last transaction that is known to be committed, and the time of its commit.
    last_committed_mark: Mutex<(i64, Micros)>,
    /// True once the mark has been checked on the current connection for writing the log.
    is_mark_checked: AtomicBool,
}

impl PgDatabase {
    /// Connects to an existing database and returns it with its ids.
    pub(super) async fn open(url: &str, opening: StoreOptions) -> Result<(Self, DatabaseIdentity), Error> {
        let options = connect_options(url)?;
        // The first connection has no timeouts, because it may have to wait for another process's migration.
        let mut connection = options.connect().await?;
        let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut connection).await?;
        if encoding != "UTF8" {
            return Err(Error::DatabaseUrl(format!("the database's encoding must be UTF8, not {encoding}")));
        }
        let schema = SchemaState::of_postgres(&mut connection).await?;
        match opening.may_migrate {
            true if !schema.pending.is_empty() => migrate_postgres(&mut connection).await?,
            _ => schema.require_up_to_date()?,
        }
        let log_id = sqlx::query_scalar(SELECT_LOG_ID).fetch_one(&mut connection).await?;
        let database_id = sqlx::query_scalar(SELECT_DATABASE_ID).fetch_one(&mut connection).await?;
        sqlx::query("DELETE FROM writers WHERE seen_at < $1")
            .bind(now() - WRITER_MARK_LIFETIME)
            .execute(&mut connection)
            .await?;
        let _ = connection.close().await;
        let name = options.get_application_name().unwrap_or("automoderate-server").to_owned();
        let options = options.application_name(&name).options(SESSION_SETTINGS);
        let pool = |connections, options| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_lazy_with(options)
        };
        let database = Self {
            write_pool: pool(WRITE_POOL_SIZE, options.clone()),
            read_pool: pool(READ_POOL_SIZE, options.clone().options(READ_SESSION_SETTINGS)),
            log_connection: ExclusiveConnection::new(None),
            health_check_connection: ExclusiveConnection::new(None),
            health_check_options: options.options(READ_SESSION_SETTINGS),
            writer_id: random_id(),
            last_assigned_mark: AtomicI64::new(0),
            last_committed_mark: Mutex::new((0, 0)),
            is_mark_checked: AtomicBool::new(true),
        };
        Ok((database, DatabaseIdentity { log_id, database_id }))
    }

    pub(super) async fn schema_state(url: &str) -> Result<SchemaState, Error> {
        let mut connection = connect_options(url)?.connect().await?;
        let schema = SchemaState::of_postgres(&mut connection).await?;
        connection.close().await?;
        Ok(schema)
    }

    /// Checks whether the database responds.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let mut connection =
            self.health_check_connection.lock(async || self.health_check_options.connect().await).await?;
        // If the caller stops waiting for this check, the next check must not wait for this check's response.
        self.health_check_connection.mark_suspect();
        connection.ping().await?;
        self.health_check_connection.clear_suspect();
        Ok(())
    }

    /// Returns the connection for writing the event log. The connection is not tested before use, because a test would take as long
    /// as a short transaction.
    pub(super) async fn log_connection(&self) -> Result<MappedMutexGuard<'_, PgConnection>, Error> {
        let connect = async || {
            self.is_mark_checked.store(false, Ordering::Relaxed);
            Ok(self.write_pool.acquire().await?.detach())
        };
        self.log_connection.lock(connect).await
    }

    /// Gives the log a new id if the database does not contain the last committed transaction of this process. The check
    /// runs only once per connection.
    pub(super) async fn replace_log_id_if_mark_lost(&self, log: &mut PgConnection, log_id: &str) -> Result<(), Error> {
        const SELECT_MARK: &str = "SELECT mark FROM writers WHERE id = $1";
        if self.is_mark_checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (committed, committed_at) = *self.last_committed_mark.lock().unwrap_or_else(PoisonError::into_inner);
        let stored: Option<i64> =
            sqlx::query_scalar(SELECT_MARK).bind(&self.writer_id).fetch_optional(&mut *log).await?;
        // When a process starts, it deletes the marks of processes that have not written for a long time.
        let may_be_deleted = stored.is_none() && committed_at < now() - WRITER_MARK_LIFETIME / 2;
        if stored.unwrap_or(0) < committed && !may_be_deleted {
            log_identity::replace_log_id(log, log_id).await?;
            // From now on, the stored mark counts as the mark of the last committed transaction.
            self.remember_committed_mark(stored.unwrap_or(0));
        }
        self.is_mark_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Remembers the mark of a transaction that is known to be committed.
    pub(super) fn remember_committed_mark(&self, mark: i64) {
        *self.last_committed_mark.lock().unwrap_or_else(PoisonError::into_inner) = (mark, now());
    }

    /// Writes a new mark in the transaction and returns the mark, which later shows whether the transaction was committed.
    pub(super) async fn write_next_mark(&self, tx: &mut PgConnection) -> sqlx::Result<i64> {
        let mark = self.last_assigned_mark.fetch_add(1, Ordering::Relaxed) + 1;
        sqlx::query(
            "INSERT INTO writers (id, mark, seen_at) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET mark = excluded.mark, seen_at = excluded.seen_at",
        )
        .bind(&self.writer_id)
        .bind(mark)
        .bind(now())
        .execute(tx)
        .await?;
        Ok(mark)
    }

    /// Returns true if this process's last transaction, which wrote this mark, was committed.
    ///
    /// Waits while the transaction is still open, because the query writes the same row and therefore needs the row's lock. The
    /// query waits even if the row does not exist yet.
    pub(super) async fn is_mark_committed(&self, mark: i64) -> sqlx::Result<bool> {
        let found: i64 = sqlx::query_scalar(
            "INSERT INTO writers (id, mark, seen_at) VALUES ($1, 0, $2)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at RETURNING mark",
        )
        .bind(&self.writer_id)
        .bind(now())
        .fetch_one(&self.write_pool)
        .await?;
        Ok(found == mark)
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.log_connection.close().await {
            let _ = connection.close().await;
        }
        if let Some(connection) = self.health_check_connection.close().await {
            let _ = connection.close().await;
        }
        self.read_pool.close().await;
        self.write_pool.close().await;
    }
}

fn connect_options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = url.parse::<PgConnectOptions>().map_err(|error| Error::DatabaseUrl(error.to_string()))?;
    Ok(options.disable_statement_logging())
}
