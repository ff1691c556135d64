//! The news between the processes on one database: PostgreSQL has LISTEN and NOTIFY, SQLite a table that is read twice a second. A
//! server is alone on its SQLite file, except for the commands of its administrators.

use std::collections::VecDeque;
use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::sqlite::SqlitePool;
use tokio::time::sleep;

use super::{Either, Store, Tx};
use crate::Error;
use crate::store::News;

const CHANNEL: &str = "automoderate";
const NOTIFY: &str = "SELECT pg_notify($1, $2)";
/// Between two looks into SQLite's table.
const PAUSE: Duration = Duration::from_millis(500);
/// Looks without news after which the listener says that it still hears.
const QUIET_LOOKS: u32 = 20;
/// News that SQLite's table keeps.
const KEPT: i64 = 1000;

/// Hears what other processes say, and this one.
#[derive(Debug)]
pub(crate) struct Listener(Either<Table, PgListener>);

impl Listener {
    /// Waits for the next news; `None`: there was none for a while.
    pub(crate) async fn next(&mut self) -> Result<Option<News>, Error> {
        match &mut self.0 {
            Either::Sqlite(table) => table.next().await,
            Either::Postgres(listener) => Ok(Some(match listener.try_recv().await? {
                Some(heard) => understood(heard.payload()),
                None => News::Missed,
            })),
        }
    }
}

/// A newer process may say what we don't understand.
fn understood(message: &str) -> News {
    serde_json::from_str(message).unwrap_or(News::Missed)
}

/// SQLite's table, read up to a row.
#[derive(Debug)]
struct Table {
    pool: SqlitePool,
    last: i64,
    heard: VecDeque<News>,
}

impl Table {
    async fn next(&mut self) -> Result<Option<News>, Error> {
        for _ in 0..QUIET_LOOKS {
            if self.heard.is_empty() {
                self.look().await?;
            }
            if let Some(news) = self.heard.pop_front() {
                return Ok(Some(news));
            }
            sleep(PAUSE).await;
        }
        Ok(None)
    }

    async fn look(&mut self) -> Result<(), Error> {
        const QUERY: &str = "SELECT id, message FROM news WHERE id > $1 ORDER BY id";
        let rows: Vec<(i64, String)> = sqlx::query_as(QUERY).bind(self.last).fetch_all(&self.pool).await?;
        for (id, message) in rows {
            // Ids have no holes: what lacks was deleted before we came to it.
            if id > self.last + 1 {
                self.heard.push_back(News::Missed);
            }
            self.heard.push_back(understood(&message));
            self.last = id;
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Is heard when the transaction is committed, and only then.
    pub(super) async fn tell(&mut self, news: &News) -> Result<(), Error> {
        const TELL: &str = "INSERT INTO news (message) VALUES ($1)";
        const FORGET: &str = "DELETE FROM news WHERE id <= $1";
        match self {
            Self::Sqlite(tx) => {
                let told = sqlx::query(TELL).bind(text(news)?).execute(&mut **tx).await?.last_insert_rowid();
                sqlx::query(FORGET).bind(told - KEPT).execute(&mut **tx).await?;
            }
            Self::Postgres(tx) => {
                sqlx::query(NOTIFY).bind(CHANNEL).bind(text(news)?).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// To other servers, of what is not in the database: SQLite has none.
    pub(crate) async fn tell(&self, news: &News) -> Result<(), Error> {
        if let Either::Postgres(database) = &self.inner.database {
            sqlx::query(NOTIFY).bind(CHANNEL).bind(text(news)?).execute(&database.pool).await?;
        }
        Ok(())
    }

    /// Hears what is committed from now on.
    pub(crate) async fn listen(&self) -> Result<Listener, Error> {
        const LAST: &str = "SELECT COALESCE(MAX(id), 0) FROM news";
        Ok(Listener(match &self.inner.database {
            Either::Sqlite(database) => {
                let pool = database.readers.clone();
                let last = sqlx::query_scalar(LAST).fetch_one(&pool).await?;
                Either::Sqlite(Table { pool, last, heard: VecDeque::new() })
            }
            Either::Postgres(database) => {
                let mut listener = PgListener::connect_with(&database.pool).await?;
                listener.listen(CHANNEL).await?;
                Either::Postgres(listener)
            }
        }))
    }
}

fn text(news: &News) -> Result<String, Error> {
    serde_json::to_string(news).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Opening;

    #[tokio::test]
    async fn another_process_on_a_file_is_heard_and_what_was_forgotten_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("news.db").display());
        let server = Store::open(&url, Opening::default()).await.unwrap();
        let command = Store::open(&url, Opening::default()).await.unwrap();
        let mut listener = server.listen().await.unwrap();
        let news = News::KeyRevoked("k".into());
        let tell = async |times: i64| {
            let mut writer = command.writer().await.unwrap();
            let mut tx = writer.begin().await.unwrap();
            for _ in 0..times {
                tx.tell(&news).await.unwrap();
            }
            tx.commit().await.unwrap();
        };
        tell(1).await;
        assert_eq!(listener.next().await.unwrap(), Some(news.clone()));
        tell(KEPT + 1).await;
        assert_eq!(listener.next().await.unwrap(), Some(News::Missed));
        for _ in 0..KEPT {
            assert_eq!(listener.next().await.unwrap(), Some(news.clone()));
        }
        command.close().await;
        server.close().await;
    }
}
