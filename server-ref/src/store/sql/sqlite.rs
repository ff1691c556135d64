//! SQLite: one connection that writes, a small pool that reads (WAL, so neither waits for the other).

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::MappedMutexGuard;

use super::exclusive_connection::ExclusiveConnection;
use super::schema::{Schema, migrate_sqlite};
use super::{DATABASE_ID, Identity, LOG_ID, StoreOptions};
use crate::Error;

pub(super) const READ_POOL_SIZE: u32 = 4;
/// The time after which a read is stopped, even if nobody waits for it any more.
const READ_TIME_MAX: Duration = Duration::from_secs(5);
/// Steps of SQLite's virtual machine between two checks of the time: a fraction of a millisecond.
const STEPS_PER_TIME_CHECK: i32 = 10_000;

#[derive(Debug)]
pub(super) struct SqliteDatabase {
    pub(super) writer: ExclusiveConnection<SqliteConnection>,
    pub(super) readers: SqlitePool,
    /// Connection for the health check of the database.
    pulse: ExclusiveConnection<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl SqliteDatabase {
    /// Opens the database. Also returns its ids.
    pub(super) async fn open(url: &str, opening: StoreOptions) -> Result<(Self, Identity), Error> {
        let options = options(url, opening.create)?
            .create_if_missing(opening.create)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL, not NORMAL, so that an answered moderation survives a power cut. Group commit shares the sync.
            .synchronous(SqliteSynchronous::Full)
            // This waits only for other processes: within this one the writers queue.
            .busy_timeout(opening.busy_timeout)
            .foreign_keys(true);
        let mut writer = options.connect().await?;
        let schema = Schema::of_sqlite(&mut writer).await?;
        match opening.migrate {
            true if !schema.pending.is_empty() => migrate_sqlite(&mut writer).await?,
            _ => schema.require()?,
        }
        let log_id = sqlx::query_scalar(LOG_ID).fetch_one(&mut writer).await?;
        let database_id = sqlx::query_scalar(DATABASE_ID).fetch_one(&mut writer).await?;
        let readers = readers(&options, READ_TIME_MAX).await?;
        // A file that disappears while the server runs is not recreated empty.
        let options = options.create_if_missing(false);
        Ok((
            Self {
                writer: ExclusiveConnection::new(Some(writer)),
                readers,
                pulse: ExclusiveConnection::new(None),
                options,
            },
            Identity { log_id, database_id },
        ))
    }

    /// Checks whether the database answers.
    pub(super) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pulse.take(async || self.options.clone().read_only(true).connect().await).await?;
        self.pulse.distrust();
        sqlx::query("SELECT 1 FROM meta LIMIT 1").execute(&mut *connection).await?;
        self.pulse.trust();
        Ok(())
    }

    /// The state of its schema.
    pub(super) async fn schema(url: &str) -> Result<Schema, Error> {
        let mut connection = options(url, false)?.read_only(true).connect().await?;
        let schema = Schema::of_sqlite(&mut connection).await?;
        connection.close().await?;
        Ok(schema)
    }

    pub(super) async fn writer(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>, Error> {
        self.writer.take(async || self.options.connect().await).await
    }

    /// Closes all connections, which also folds the write-ahead log into the database.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        if let Some(connection) = self.pulse.close().await {
            let _ = connection.close().await;
        }
        if let Some(connection) = self.writer.close().await
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }
}

fn options(url: &str, create: bool) -> Result<SqliteConnectOptions, Error> {
    if url.contains(":memory:") {
        return Err(Error::DatabaseUrl("an in-memory database can't be shared by its readers".into()));
    }
    let options = url.parse::<SqliteConnectOptions>().map_err(|error| Error::DatabaseUrl(error.to_string()))?;
    if !create && !options.get_filename().exists() {
        let file = options.get_filename().display().to_string();
        return Err(Error::DatabaseUrl(format!("there is no file {file}; --database names the server's")));
    }
    Ok(options.disable_statement_logging())
}

/// Connections that read, each for at most this time per read.
async fn readers(options: &SqliteConnectOptions, longest: Duration) -> sqlx::Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(READ_POOL_SIZE)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(limit(connection, longest)))
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                limit(connection, longest).await?;
                Ok(true)
            })
        })
        .connect_with(options.clone().read_only(true).create_if_missing(false))
        .await
}

/// Stops a read on the connection after this time.
async fn limit(connection: &mut SqliteConnection, longest: Duration) -> sqlx::Result<()> {
    let end = Instant::now() + longest;
    connection.lock_handle().await?.set_progress_handler(STEPS_PER_TIME_CHECK, move || Instant::now() < end);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::migrate::Migrator;

    use super::*;
    use crate::store::{DbFault, Store};

    #[tokio::test]
    async fn an_older_database_keeps_its_people() {
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
        assert!(store.account("A@Example.org").await.unwrap().is_some());
        store.close().await;
    }

    #[tokio::test]
    async fn a_reading_without_end_is_stopped_and_the_connection_goes_on() {
        const ENDLESS: &str = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT MAX(x) FROM n";
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let options = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true);
        options.connect().await.unwrap().close().await.unwrap();
        let readers = readers(&options, Duration::from_millis(50)).await.unwrap();
        // Nobody waits for these.
        for _ in 0..READ_POOL_SIZE {
            let mut reader = readers.acquire().await.unwrap();
            let asked = sqlx::query(ENDLESS).execute(&mut *reader);
            assert!(tokio::time::timeout(Duration::from_millis(5), asked).await.is_err());
        }
        let error = sqlx::query(ENDLESS).execute(&readers).await.unwrap_err();
        assert_eq!(DbFault::of(&error), DbFault::TooLong);
        for _ in 0..2 * READ_POOL_SIZE {
            let one: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&readers).await.unwrap();
            assert_eq!(one, 1);
        }
        readers.close().await;
    }
}
