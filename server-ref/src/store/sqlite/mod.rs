//! SQLite: one connection that writes, a small pool that reads (WAL, so neither waits for the other).

mod accounts;
mod commit;
mod contents;
mod events;
mod keys;
mod ledger;
mod members;
mod notifications;
mod projects;
mod reviews;
mod rules;
mod sessions;

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::Error;
use crate::options::EventLog;

const READERS: u32 = 4;
/// Only other processes are waited for: within this one the writers queue.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A handle to the database; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct SqliteStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` once closed. A fair lock, so that log writes and account writes take turns.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    log_id: String,
    retention: EventLog,
    /// Contents that may wait for a review before a warning is given; 0: any number.
    queue_limit: i64,
}

impl SqliteStore {
    /// Opens (and makes, when it doesn't exist) a database such as `sqlite://automoderate.db`, and migrates it.
    pub(crate) async fn open(url: &str, retention: EventLog, queue_limit: u32) -> Result<Self, Error> {
        if !url.starts_with("sqlite:") {
            return Err(Error::DatabaseUrl("expected sqlite://PATH".into()));
        }
        if url.contains(":memory:") {
            return Err(Error::DatabaseUrl("an in-memory database can't be shared by its readers".into()));
        }
        let options: SqliteConnectOptions = url
            .parse::<SqliteConnectOptions>()
            .map_err(|error| Error::DatabaseUrl(error.to_string()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL, not NORMAL: a moderation that was answered survives a power cut. Group commit shares the sync.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .disable_statement_logging();
        let mut writer = options.connect().await?;
        sqlx::migrate!("./migrations/sqlite").run(&mut writer).await?;
        let log_id = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'log_id'").fetch_one(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        let inner =
            Inner { writer: Mutex::new(Some(writer)), readers, log_id, retention, queue_limit: queue_limit.into() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Tells this log from every other: made when the database was.
    pub(crate) fn log_id(&self) -> &str {
        &self.inner.log_id
    }

    /// Closes all connections, which also folds the write-ahead log into the database.
    pub(crate) async fn close(&self) {
        self.inner.readers.close().await;
        if let Some(connection) = self.inner.writer.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").execute(self.readers()).await?;
        Ok(())
    }

    fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    async fn writer(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>, Error> {
        let guard = self.inner.writer.lock().await;
        MutexGuard::try_map(guard, Option::as_mut).map_err(|_| Error::ShuttingDown)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::migrate::Migrator;

    use super::*;

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

        let store = SqliteStore::open(&url, EventLog::default(), 0).await.unwrap();
        let user = store.user("u").await.unwrap().unwrap();
        assert_eq!((user.email.as_str(), user.is_admin, user.is_active), ("a@example.org", false, true));
        store.close().await;
    }
}
