//! LISTEN and NOTIFY, by which the processes on one PostgreSQL hear of each other's changes. SQLite has one process.

use sqlx::postgres::PgListener;

use super::{Either, Store, Tx};
use crate::Error;
use crate::store::News;

const CHANNEL: &str = "automoderate";
const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// Hears what other processes say, and this one.
#[derive(Debug)]
pub(crate) struct Listener(PgListener);

impl Listener {
    /// Waits for the next news.
    pub(crate) async fn next(&mut self) -> Result<News, Error> {
        let Some(heard) = self.0.try_recv().await? else {
            return Ok(News::Missed);
        };
        // A newer process may say what we don't understand.
        Ok(serde_json::from_str(heard.payload()).unwrap_or(News::Missed))
    }
}

impl Tx<'_> {
    /// Is heard when the transaction is committed, and only then.
    pub(super) async fn tell(&mut self, news: &News) -> Result<(), Error> {
        if let Self::Postgres(tx) = self {
            sqlx::query(NOTIFY).bind(CHANNEL).bind(text(news)?).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

impl Store {
    /// For what is not in the database, or already.
    pub(crate) async fn tell(&self, news: &News) -> Result<(), Error> {
        if let Either::Postgres(database) = &self.inner.database {
            sqlx::query(NOTIFY).bind(CHANNEL).bind(text(news)?).execute(&database.pool).await?;
        }
        Ok(())
    }

    /// `None`: nobody else writes this database.
    pub(crate) async fn listen(&self) -> Result<Option<Listener>, Error> {
        match &self.inner.database {
            Either::Sqlite(_) => Ok(None),
            Either::Postgres(database) => {
                let mut listener = PgListener::connect_with(&database.pool).await?;
                listener.listen(CHANNEL).await?;
                Ok(Some(Listener(listener)))
            }
        }
    }
}

fn text(news: &News) -> Result<String, Error> {
    serde_json::to_string(news).map_err(|error| Error::Internal(error.to_string()))
}
