//! The transport of invalidations between the processes on one database: PostgreSQL has LISTEN and NOTIFY, SQLite a table that is
//! read twice a second. A server is alone on its SQLite file, except for the commands of its administrators.

use std::collections::VecDeque;
use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::sqlite::SqlitePool;
use tokio::time::sleep;

use super::{Backend, Store, Tx};
use crate::Error;
use crate::store::Invalidation;

const CHANNEL: &str = "automoderate";
const NOTIFY: &str = "SELECT pg_notify($1, $2)";
/// The interval of reads of SQLite's table.
const TABLE_POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Reads without a message after which [`InvalidationListener::next`] returns `None`.
const QUIET_POLLS: u32 = 20;
/// Messages that SQLite's table keeps.
const KEPT_ROWS: i64 = 1000;

/// A receiver of the invalidations of all processes, this one included.
#[derive(Debug)]
pub(crate) struct InvalidationListener(Backend<TableListener, PgListener>);

impl InvalidationListener {
    /// Waits for the next invalidation; `None`: there was none for a while.
    pub(crate) async fn next(&mut self) -> Result<Option<Invalidation>, Error> {
        match &mut self.0 {
            Backend::Sqlite(table) => table.next().await,
            Backend::Postgres(listener) => Ok(Some(match listener.try_recv().await? {
                Some(message) => decode(message.payload()),
                None => Invalidation::Missed,
            })),
        }
    }
}

/// A message of a newer version may be unknown: then anything may be out of date.
fn decode(message: &str) -> Invalidation {
    serde_json::from_str(message).unwrap_or(Invalidation::Missed)
}

/// SQLite's table, read up to the row `last`.
#[derive(Debug)]
struct TableListener {
    pool: SqlitePool,
    last: i64,
    pending: VecDeque<Invalidation>,
}

impl TableListener {
    async fn next(&mut self) -> Result<Option<Invalidation>, Error> {
        for _ in 0..QUIET_POLLS {
            if self.pending.is_empty() {
                self.poll().await?;
            }
            if let Some(invalidation) = self.pending.pop_front() {
                return Ok(Some(invalidation));
            }
            sleep(TABLE_POLL_INTERVAL).await;
        }
        Ok(None)
    }

    async fn poll(&mut self) -> Result<(), Error> {
        const QUERY: &str = "SELECT id, message FROM news WHERE id > $1 ORDER BY id";
        let rows: Vec<(i64, String)> = sqlx::query_as(QUERY).bind(self.last).fetch_all(&self.pool).await?;
        for (id, message) in rows {
            // Ids have no holes: missing rows were deleted before they were read.
            if id > self.last + 1 {
                self.pending.push_back(Invalidation::Missed);
            }
            self.pending.push_back(decode(&message));
            self.last = id;
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Announces an invalidation, which other processes receive when the transaction is committed, and only then.
    pub(super) async fn announce(&mut self, invalidation: &Invalidation) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO news (message) VALUES ($1)";
        const DELETE_OLD: &str = "DELETE FROM news WHERE id <= $1";
        match self {
            Self::Sqlite(tx) => {
                let id = sqlx::query(INSERT).bind(encode(invalidation)?).execute(&mut **tx).await?.last_insert_rowid();
                sqlx::query(DELETE_OLD).bind(id - KEPT_ROWS).execute(&mut **tx).await?;
            }
            Self::Postgres(tx) => {
                sqlx::query(NOTIFY).bind(CHANNEL).bind(encode(invalidation)?).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Announces something that no transaction changes, to other servers: SQLite has none.
    pub(crate) async fn announce(&self, invalidation: &Invalidation) -> Result<(), Error> {
        if let Backend::Postgres(database) = &self.inner.database {
            sqlx::query(NOTIFY).bind(CHANNEL).bind(encode(invalidation)?).execute(&database.pool).await?;
        }
        Ok(())
    }

    /// Receives the invalidations that are committed from now on.
    pub(crate) async fn listen(&self) -> Result<InvalidationListener, Error> {
        const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM news";
        Ok(InvalidationListener(match &self.inner.database {
            Backend::Sqlite(database) => {
                let pool = database.readers.clone();
                let last = sqlx::query_scalar(LAST).fetch_one(&pool).await?;
                Backend::Sqlite(TableListener { pool, last, pending: VecDeque::new() })
            }
            Backend::Postgres(database) => {
                let mut listener = PgListener::connect_with(&database.pool).await?;
                listener.listen(CHANNEL).await?;
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
    async fn invalidations_of_another_process_on_a_file_arrive_or_are_reported_as_missed() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("invalidations.db").display());
        let server = Store::open(&url, StoreOptions::default()).await.unwrap();
        let command = Store::open(&url, StoreOptions::default()).await.unwrap();
        let mut listener = server.listen().await.unwrap();
        let invalidation = Invalidation::KeyRevoked("k".into());
        let announce = async |times: i64| {
            let mut writer = command.writer().await.unwrap();
            let mut tx = writer.begin().await.unwrap();
            for _ in 0..times {
                tx.announce(&invalidation).await.unwrap();
            }
            tx.commit().await.unwrap();
        };
        announce(1).await;
        assert_eq!(listener.next().await.unwrap(), Some(invalidation.clone()));
        announce(KEPT_ROWS + 1).await;
        assert_eq!(listener.next().await.unwrap(), Some(Invalidation::Missed));
        for _ in 0..KEPT_ROWS {
            assert_eq!(listener.next().await.unwrap(), Some(invalidation.clone()));
        }
        command.close().await;
        server.close().await;
    }
}
