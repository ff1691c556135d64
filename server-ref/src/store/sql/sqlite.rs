//! SQLite: one connection that writes, a small pool that reads (WAL, so neither waits for the other).

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::MappedMutexGuard;

use super::LOG_ID;
use super::lane::Lane;
use crate::Error;

const READERS: u32 = 4;
/// Only other processes are waited for: within this one the writers queue.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct SqliteDatabase {
    pub(super) writer: Lane<SqliteConnection>,
    pub(super) readers: SqlitePool,
    options: SqliteConnectOptions,
}

impl SqliteDatabase {
    /// Opens, or makes, and migrates it. Also returns the id of its log.
    pub(super) async fn open(url: &str) -> Result<(Self, String), Error> {
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
        let log_id = sqlx::query_scalar(LOG_ID).fetch_one(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.clone().read_only(true).create_if_missing(false))
            .await?;
        // A file that disappears while the server runs is not made anew, empty.
        let options = options.create_if_missing(false);
        Ok((Self { writer: Lane::new(Some(writer)), readers, options }, log_id))
    }

    pub(super) async fn writer(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>, Error> {
        self.writer.take(async || self.options.connect().await).await
    }

    /// Closes all connections, which also folds the write-ahead log into the database.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        if let Some(connection) = self.writer.close().await
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::migrate::Migrator;

    use super::*;
    use crate::options::EventLog;
    use crate::store::Store;

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

        let store = Store::open(&url, EventLog::default(), 0).await.unwrap();
        let user = store.user("u").await.unwrap().unwrap();
        assert_eq!((user.email.as_str(), user.is_admin, user.is_active), ("a@example.org", false, true));
        assert!(store.account("A@Example.org").await.unwrap().is_some());
        store.close().await;
    }
}
