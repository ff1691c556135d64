//! PostgreSQL: a pool, and a separate connection for the event log.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::MappedMutexGuard;

use super::exclusive_connection::ExclusiveConnection;
use super::log_identity;
use super::schema::{Schema, migrate_postgres};
use super::{DATABASE_ID, Identity, LOG_ID, StoreOptions};
use crate::Error;
use crate::ids::random_id;
use crate::time::{Micros, now};

/// Connections that read, and connections for everything else.
pub(super) const READ_POOL_SIZE: u32 = 6;
const WRITE_POOL_SIZE: u32 = 3;
/// The time that a request waits for a connection, long enough for a database restart.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The database's own timeouts for a server that disappeared or hangs: its transaction ends before others stop waiting for its
/// locks.
const SESSION_SETTINGS: [(&str, &str); 2] = [("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "3s")];
/// Settings of connections that read: longer statements are stopped, even if nobody waits for them any more. Not for
/// connections that write, because a COMMIT that waits for a standby would count as done.
const READ_SESSION_SETTINGS: [(&str, &str); 1] = [("statement_timeout", "5s")];
/// Marks of processes that wrote nothing for 30 days are obsolete.
const WRITER_MARK_LIFETIME: Micros = 30 * 24 * 60 * 60 * 1_000_000;

#[derive(Debug)]
pub(super) struct PgDatabase {
    pub(super) pool: PgPool,
    pub(super) readers: PgPool,
    /// Connection for the health check of the database.
    pulse: ExclusiveConnection<PgConnection>,
    options: PgConnectOptions,
    pub(super) log: ExclusiveConnection<PgConnection>,
    /// The id of this process among the writers.
    writer_id: String,
    marks: AtomicI64,
    /// The mark of the last transaction that is known to be committed, and the time of its commit.
    committed_mark: Mutex<(i64, Micros)>,
    /// False until the mark was checked on the current connection of the log.
    is_log_checked: AtomicBool,
}

impl PgDatabase {
    /// Connects to an existing database. Also returns its ids.
    pub(super) async fn open(url: &str, opening: StoreOptions) -> Result<(Self, Identity), Error> {
        let options = options(url)?;
        // Without the timeouts, because another process may take longer to migrate.
        let mut connection = options.connect().await?;
        let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut connection).await?;
        if encoding != "UTF8" {
            return Err(Error::DatabaseUrl(format!("the database's encoding must be UTF8, not {encoding}")));
        }
        let schema = Schema::of_postgres(&mut connection).await?;
        match opening.migrate {
            true if !schema.pending.is_empty() => migrate_postgres(&mut connection).await?,
            _ => schema.require()?,
        }
        let log_id = sqlx::query_scalar(LOG_ID).fetch_one(&mut connection).await?;
        let database_id = sqlx::query_scalar(DATABASE_ID).fetch_one(&mut connection).await?;
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
            pool: pool(WRITE_POOL_SIZE, options.clone()),
            readers: pool(READ_POOL_SIZE, options.clone().options(READ_SESSION_SETTINGS)),
            log: ExclusiveConnection::new(None),
            pulse: ExclusiveConnection::new(None),
            options: options.options(READ_SESSION_SETTINGS),
            writer_id: random_id(),
            marks: AtomicI64::new(0),
            committed_mark: Mutex::new((0, 0)),
            is_log_checked: AtomicBool::new(true),
        };
        Ok((database, Identity { log_id, database_id }))
    }

    /// The state of its schema.
    pub(super) async fn schema(url: &str) -> Result<Schema, Error> {
        let mut connection = options(url)?.connect().await?;
        let schema = Schema::of_postgres(&mut connection).await?;
        connection.close().await?;
        Ok(schema)
    }

    /// Checks whether the database answers.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pulse.take(async || self.options.connect().await).await?;
        // Even if nobody waits for the answer, because later statements must not wait for it.
        self.pulse.distrust();
        connection.ping().await?;
        self.pulse.trust();
        Ok(())
    }

    /// The log's connection. It is not tested before it is used, which would take as long as the shortest transaction.
    pub(super) async fn log(&self) -> Result<MappedMutexGuard<'_, PgConnection>, Error> {
        let connect = async || {
            self.is_log_checked.store(false, Ordering::Relaxed);
            Ok(self.pool.acquire().await?.detach())
        };
        self.log.take(connect).await
    }

    /// Gives the log another id if the database does not contain the last transaction of this process. Looks only once per connection.
    pub(super) async fn check_mark(&self, log: &mut PgConnection, log_id: &str) -> Result<(), Error> {
        const QUERY: &str = "SELECT mark FROM writers WHERE id = $1";
        if self.is_log_checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (committed, at) = *self.committed_mark.lock().unwrap_or_else(PoisonError::into_inner);
        let mark: Option<i64> = sqlx::query_scalar(QUERY).bind(&self.writer_id).fetch_optional(&mut *log).await?;
        // Old marks are deleted.
        let may_be_deleted = mark.is_none() && at < now() - WRITER_MARK_LIFETIME / 2;
        if mark.unwrap_or(0) < committed && !may_be_deleted {
            log_identity::renew(log, log_id).await?;
            // The later marks of this process start after this one.
            self.on_committed(mark.unwrap_or(0));
        }
        self.is_log_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Records that the transaction with this mark is committed.
    pub(super) fn on_committed(&self, mark: i64) {
        *self.committed_mark.lock().unwrap_or_else(PoisonError::into_inner) = (mark, now());
    }

    /// Leaves a mark in the transaction, which later shows whether it was committed.
    pub(super) async fn leave_mark(&self, tx: &mut PgConnection) -> sqlx::Result<i64> {
        let mark = self.marks.fetch_add(1, Ordering::Relaxed) + 1;
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

    /// Checks whether the transaction with this mark, this process's last one, was committed. Waits while it is open:
    /// writing the same row needs its lock, even if the row does not exist yet.
    pub(super) async fn is_committed(&self, mark: i64) -> sqlx::Result<bool> {
        let found: i64 = sqlx::query_scalar(
            "INSERT INTO writers (id, mark, seen_at) VALUES ($1, 0, $2)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at RETURNING mark",
        )
        .bind(&self.writer_id)
        .bind(now())
        .fetch_one(&self.pool)
        .await?;
        Ok(found == mark)
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.log.close().await {
            let _ = connection.close().await;
        }
        if let Some(connection) = self.pulse.close().await {
            let _ = connection.close().await;
        }
        self.readers.close().await;
        self.pool.close().await;
    }
}

fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = url.parse::<PgConnectOptions>().map_err(|error| Error::DatabaseUrl(error.to_string()))?;
    Ok(options.disable_statement_logging())
}
