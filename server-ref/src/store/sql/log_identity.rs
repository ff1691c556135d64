//! The event log's id, which changes when the log loses events.
//!
//! After a failover to an asynchronous standby, the last transactions may be missing, and their event ids are assigned again. Clients can't
//! recognize such an id, so the log receives another id, and clients treat everything after their cursors as unknown.
//!
//! A process recognizes the loss by its own mark, which each of its transactions leaves in the database: a mark that is lower than that of
//! the last committed transaction means that transactions are missing. It looks at the mark on each new connection for the log, before it
//! writes.

use std::sync::{Arc, PoisonError};

use sqlx::PgConnection;

use super::{Backend, LOG_ID, LogConnection, Store, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::Invalidation;

impl Store {
    /// The id of the event log.
    pub(crate) fn log_id(&self) -> Arc<str> {
        self.inner.log_id.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The id of the database, which stays the same when the log's id changes.
    pub(crate) fn database_id(&self) -> &str {
        &self.inner.database_id
    }

    /// Reads the log's id again. Returns true if it has changed.
    pub(crate) async fn reload_log_id(&self) -> Result<bool, Error> {
        let id: String = with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(LOG_ID).fetch_one(db).await?);
        let mut current = self.inner.log_id.write().unwrap_or_else(PoisonError::into_inner);
        let has_changed = **current != *id;
        *current = id.into();
        Ok(has_changed)
    }

    /// Checks whether the database still contains what this process committed, and gives the log another id if not.
    pub(crate) async fn check_log(&self) -> Result<(), Error> {
        let mut log = self.log().await?;
        let checked = self.check_mark(&mut log).await;
        if checked.is_err() {
            self.distrust_log();
        }
        checked
    }

    /// As [`Store::check_log`], on the connection of the log.
    pub(super) async fn check_mark(&self, log: &mut LogConnection<'_>) -> Result<(), Error> {
        if let (Backend::Postgres(database), Backend::Postgres(log)) = (&self.inner.database, log) {
            self.with_timeout(database.check_mark(log, &self.log_id())).await?;
        }
        Ok(())
    }

    /// Gives the log another id, because events that were published are no longer in it.
    pub(crate) async fn renew_log_id(&self) -> Result<(), Error> {
        if let Backend::Postgres(database) = &self.inner.database {
            let mut connection = database.pool.acquire().await?;
            renew(&mut connection, &self.log_id()).await?;
        }
        Ok(())
    }
}

/// Replaces the log's id, unless another process has already replaced it, and announces this to all processes.
pub(super) async fn renew(connection: &mut PgConnection, known: &str) -> Result<(), Error> {
    const QUERY: &str = "UPDATE meta SET value = $1 WHERE key = 'log_id' AND value = $2";
    let mut connection = Backend::<&mut sqlx::SqliteConnection, _>::Postgres(connection);
    let mut tx = connection.begin().await?;
    let replaced =
        with_conn!(&mut tx, db => sqlx::query(QUERY).bind(random_id()).bind(known).execute(db).await?.rows_affected());
    if replaced > 0 {
        tracing::warn!(
            "events are missing from the log, as after a failover to an asynchronous standby; the log has another id now"
        );
    }
    tx.announce(&Invalidation::LogReplaced).await?;
    Ok(tx.commit().await?)
}
