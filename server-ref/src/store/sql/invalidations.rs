//! Delivery of invalidations to all processes that share a database.
//!
//! PostgreSQL delivers invalidations with NOTIFY. SQLite stores them in a table that the server reads twice a second. Apart from
//! the server, only the administration commands use its SQLite file.

use std::collections::VecDeque;
use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::sqlite::SqlitePool;
use tokio::time::sleep;

use super::{Backend, Store, Tx};
use crate::Error;
use crate::store::Invalidation;

const NOTIFY_CHANNEL: &str = "automoderate";
const NOTIFY_QUERY: &str = "SELECT pg_notify($1, $2)";
/// Interval between reads of the table of invalidations in a SQLite database.
const TABLE_POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Number of reads without a new row after which [`InvalidationListener::next`] returns `None`.
const EMPTY_POLLS_MAX: u32 = 20;
/// Maximum number of rows in the table of invalidations in a SQLite database.
const KEPT_INVALIDATIONS_MAX: i64 = 1000;

/// A receiver of the invalidations from all processes, including this one.
#[derive(Debug)]
pub(crate) struct InvalidationListener(Backend<TableListener, PgListener>);

impl InvalidationListener {
    /// Waits for the next invalidation. On SQLite, returns `None` if no invalidation arrives within about 10 s.
    pub(crate) async fn next(&mut self) -> Result<Option<Invalidation>, Error> {
        match &mut self.0 {
            Backend::Sqlite(table) => table.next().await,
            Backend::Postgres(listener) => Ok(Some(match listener.try_recv().await? {
                Some(message) => decode(message.payload()),
                None => Invalidation::MessagesMissed,
            })),
        }
    }
}

/// Parses a message. A message that can't be parsed may be from a newer server and concern any data, so it is treated as
/// [`Invalidation::MessagesMissed`].
fn decode(message: &str) -> Invalidation {
    serde_json::from_str(message).unwrap_or(Invalidation::MessagesMissed)
}

/// A reader of the table of invalidations in a SQLite database.
#[derive(Debug)]
struct TableListener {
    pool: SqlitePool,
    /// The id of the last row that was read.
    last_id: i64,
    pending: VecDeque<Invalidation>,
}

impl TableListener {
    async fn next(&mut self) -> Result<Option<Invalidation>, Error> {
        for _ in 0..EMPTY_POLLS_MAX {
            if self.pending.is_empty() {
                self.read_new_rows().await?;
            }
            if let Some(invalidation) = self.pending.pop_front() {
                return Ok(Some(invalidation));
            }
            sleep(TABLE_POLL_INTERVAL).await;
        }
        Ok(None)
    }

    async fn read_new_rows(&mut self) -> Result<(), Error> {
        const SELECT_NEW_MESSAGES: &str = "SELECT id, message FROM news WHERE id > $1 ORDER BY id";
        let rows: Vec<(i64, String)> =
            sqlx::query_as(SELECT_NEW_MESSAGES).bind(self.last_id).fetch_all(&self.pool).await?;
        for (id, message) in rows {
            // Ids are consecutive, so a missing row was deleted before it was read.
            if id > self.last_id + 1 {
                self.pending.push_back(Invalidation::MessagesMissed);
            }
            self.pending.push_back(decode(&message));
            self.last_id = id;
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Announces an invalidation. Processes receive the invalidation only if the transaction is committed.
    pub(super) async fn announce(&mut self, invalidation: &Invalidation) -> Result<(), Error> {
        const INSERT_MESSAGE: &str = "INSERT INTO news (message) VALUES ($1)";
        const DELETE_OLD_MESSAGES: &str = "DELETE FROM news WHERE id <= $1";
        match self {
            Self::Sqlite(tx) => {
                let id = sqlx::query(INSERT_MESSAGE)
                    .bind(encode(invalidation)?)
                    .execute(&mut **tx)
                    .await?
                    .last_insert_rowid();
                sqlx::query(DELETE_OLD_MESSAGES).bind(id - KEPT_INVALIDATIONS_MAX).execute(&mut **tx).await?;
            }
            Self::Postgres(tx) => {
                sqlx::query(NOTIFY_QUERY).bind(NOTIFY_CHANNEL).bind(encode(invalidation)?).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Announces an invalidation outside any transaction. Does nothing on SQLite, where there are no other nodes to inform.
    pub(crate) async fn announce_to_nodes(&self, invalidation: &Invalidation) -> Result<(), Error> {
        if let Backend::Postgres(database) = &self.inner.database {
            sqlx::query(NOTIFY_QUERY)
                .bind(NOTIFY_CHANNEL)
                .bind(encode(invalidation)?)
                .execute(&database.write_pool)
                .await?;
        }
        Ok(())
    }

    /// Starts to receive the invalidations that are committed after this call.
    pub(crate) async fn listen(&self) -> Result<InvalidationListener, Error> {
        const SELECT_LAST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM news";
        Ok(InvalidationListener(match &self.inner.database {
            Backend::Sqlite(database) => {
                let pool = database.read_pool.clone();
                let last_id = sqlx::query_scalar(SELECT_LAST_ID).fetch_one(&pool).await?;
                Backend::Sqlite(TableListener { pool, last_id, pending: VecDeque::new() })
            }
            Backend::Postgres(database) => {
                let mut listener = PgListener::connect_with(&database.write_pool).await?;
                listener.listen(NOTIFY_CHANNEL).await?;
                Backend::Postgres(listener)
            }
        }))
    }
}

fn encode(invalidation: &Invalidation) -> Result<String, Error> {
    serde_json::to_string(invalidation).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreOptions;

    #[tokio::test]
    async fn invalidations_from_another_process_arrive_or_are_reported_as_missed() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("invalidations.db").display());
        let server = Store::open(&url, StoreOptions::default()).await.unwrap();
        let command = Store::open(&url, StoreOptions::default()).await.unwrap();
        let mut listener = server.listen().await.unwrap();
        let invalidation = Invalidation::KeyRevoked("k".into());
        let announce = async |times: i64| {
            let mut connection = command.write_connection().await.unwrap();
            let mut tx = connection.begin_write().await.unwrap();
            for _ in 0..times {
                tx.announce(&invalidation).await.unwrap();
            }
            tx.commit().await.unwrap();
        };
        announce(1).await;
        assert_eq!(listener.next().await.unwrap(), Some(invalidation.clone()));
        announce(KEPT_INVALIDATIONS_MAX + 1).await;
        assert_eq!(listener.next().await.unwrap(), Some(Invalidation::MessagesMissed));
        for _ in 0..KEPT_INVALIDATIONS_MAX {
            assert_eq!(listener.next().await.unwrap(), Some(invalidation.clone()));
        }
        command.close().await;
        server.close().await;
    }
}
