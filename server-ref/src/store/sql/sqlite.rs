//! A SQLite database, with one connection for writing and a small pool for reading.
//!
//! In SQLite's WAL mode, reads and writes do not wait for each other.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::MappedMutexGuard;

use super::exclusive_connection::ExclusiveConnection;
use super::schema::{SchemaState, migrate_sqlite};
use super::{DatabaseIdentity, SELECT_DATABASE_ID, SELECT_LOG_ID, StoreOptions};
use crate::Error;

pub(super) const READ_POOL_SIZE: u32 = 4;
/// Time after which a read is stopped, whether or not its caller is still waiting for the result.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of instructions that SQLite's virtual machine executes between checks of the time. This many instructions take a fraction
/// of a millisecond.
const INSTRUCTIONS_PER_TIME_CHECK: i32 = 10_000;

#[derive(Debug)]
pub(super) struct SqliteDatabase {
    pub(super) write_connection: ExclusiveConnection<SqliteConnection>,
    pub(super) read_pool: SqlitePool,
    /// The connection for [`SqliteDatabase::ping`], opened on first use.
    health_check_connection: ExclusiveConnection<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl SqliteDatabase {
    /// Opens a database and returns it with its ids.
    pub(super) async fn open(url: &str, opening: StoreOptions) -> Result<(Self, DatabaseIdentity), Error> {
        let options = connect_options(url, opening.may_create)?
            .create_if_missing(opening.may_create)
            .journal_mode(SqliteJournalMode::Wal)
            // With NORMAL, a power failure could lose a decision that had already been returned to a client. FULL is slower, but the
            // requests of a group share the cost of their commit.
            .synchronous(SqliteSynchronous::Full)
            // This timeout applies only to waits for other processes, because writers within this process queue for the
            // connection.
            .busy_timeout(opening.busy_timeout)
            .foreign_keys(true);
        let mut write_connection = options.connect().await?;
        let schema = SchemaState::of_sqlite(&mut write_connection).await?;
        match opening.may_migrate {
            true if !schema.pending.is_empty() => migrate_sqlite(&mut write_connection).await?,
            _ => schema.require_up_to_date()?,
        }
        let log_id = sqlx::query_scalar(SELECT_LOG_ID).fetch_one(&mut write_connection).await?;
        let database_id = sqlx::query_scalar(SELECT_DATABASE_ID).fetch_one(&mut write_connection).await?;
        let read_pool = open_read_pool(&options, READ_TIMEOUT).await?;
        // If the file disappears while the server is running, the server must not create an empty file with the same name.
        let options = options.create_if_missing(false);
        Ok((
            Self {
                write_connection: ExclusiveConnection::new(Some(write_connection)),
                read_pool,
                health_check_connection: ExclusiveConnection::new(None),
                options,
            },
            DatabaseIdentity { log_id, database_id },
        ))
    }

    /// Checks whether the database responds.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let mut connection =
            self.health_check_connection.lock(async || self.options.clone().read_only(true).connect().await).await?;
        self.health_check_connection.mark_suspect();
        sqlx::query("SELECT 1 FROM meta LIMIT 1").execute(&mut *connection).await?;
        self.health_check_connection.clear_suspect();
        Ok(())
    }

    pub(super) async fn schema_state(url: &str) -> Result<SchemaState, Error> {
        let mut connection = connect_options(url, false)?.read_only(true).connect().await?;
        let schema = SchemaState::of_sqlite(&mut connection).await?;
        connection.close().await?;
        Ok(schema)
    }

    pub(super) async fn write_connection(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>, Error> {
        self.write_connection.lock(async || self.options.connect().await).await
    }

    /// Closes all connections. SQLite then merges the write-ahead log into the database file, unless another process still uses the
    /// database.
    pub(super) async fn close(&self) {
        self.read_pool.close().await;
        if let Some(connection) = self.health_check_connection.close().await {
            let _ = connection.close().await;
        }
        if let Some(connection) = self.write_connection.close().await
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }
}

fn connect_options(url: &str, may_create: bool) -> Result<SqliteConnectOptions, Error> {
    if url.contains(":memory:") {
        return Err(Error::DatabaseUrl("an in-memory database can't be shared between connections".into()));
    }
    let options = url.parse::<SqliteConnectOptions>().map_err(|error| Error::DatabaseUrl(error.to_string()))?;
    if !may_create && !options.get_filename().exists() {
        let file = options.get_filename().display().to_string();
        return Err(Error::DatabaseUrl(format!(
            "the file {file} does not exist; --database must name the server's database"
        )));
    }
    Ok(options.disable_statement_logging())
}

/// Opens a pool of read-only connections on which reads are stopped after `timeout`.
async fn open_read_pool(options: &SqliteConnectOptions, timeout: Duration) -> sqlx::Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(READ_POOL_SIZE)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(start_read_timeout(connection, timeout)))
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                start_read_timeout(connection, timeout).await?;
                Ok(true)
            })
        })
        .connect_with(options.clone().read_only(true).create_if_missing(false))
        .await
}

/// Makes SQLite stop reads on this connection when `timeout` has passed since this call.
async fn start_read_timeout(connection: &mut SqliteConnection, timeout: Duration) -> sqlx::Result<()> {
    let deadline = Instant::now() + timeout;
    connection
        .lock_handle()
        .await?
        .set_progress_handler(INSTRUCTIONS_PER_TIME_CHECK, move || Instant::now() < deadline);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::migrate::Migrator;

    use super::*;
    use crate::store::{DbFault, Store};

    #[tokio::test]
    async fn an_older_database_keeps_its_users_when_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("old.db").display());
        let options: SqliteConnectOptions = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
        let mut old = options.connect().await.unwrap();
        let all = sqlx::migrate!("./migrations/sqlite");
        let first = Migrator { migrations: Cow::Owned(all.migrations[..1].to_vec()), ..Migrator::DEFAULT };
        first.run(&mut old).await.unwrap();
        sqlx::query("INSERT INTO users (id, email, password_hash, created_at) VALUES ('u', 'a@example.org', 'x', 1)")
            .execute(&mut old)
            .await
            .unwrap();
        old.close().await.unwrap();

        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        let user = store.user("u").await.unwrap().unwrap();
        assert_eq!((user.email.as_str(), user.is_admin, user.is_active), ("a@example.org", false, true));
        assert!(store.user_credentials("A@Example.org").await.unwrap().is_some());
        store.close().await;
    }

    #[tokio::test]
    async fn an_endless_read_is_stopped_and_its_connection_stays_usable() {
        const ENDLESS: &str = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT MAX(x) FROM n";
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let options = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
        options.connect().await.unwrap().close().await.unwrap();
        let read_pool = open_read_pool(&options, Duration::from_millis(50)).await.unwrap();
        // These reads are abandoned before SQLite stops them.
        for _ in 0..READ_POOL_SIZE {
            let mut connection = read_pool.acquire().await.unwrap();
            let read = sqlx::query(ENDLESS).execute(&mut *connection);
            assert!(tokio::time::timeout(Duration::from_millis(5), read).await.is_err());
        }
        let error = sqlx::query(ENDLESS).execute(&read_pool).await.unwrap_err();
        assert_eq!(DbFault::of(&error), DbFault::StatementTimeout);
        for _ in 0..2 * READ_POOL_SIZE {
            let one: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&read_pool).await.unwrap();
            assert_eq!(one, 1);
        }
        read_pool.close().await;
    }
}
