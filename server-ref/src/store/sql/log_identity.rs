//! The id of the event log, which changes when the log loses events.
//!
//! After a failover to an asynchronous standby, the last transactions may be missing, and the ids of their events are then
//! assigned to other events. Clients can't detect the loss from the event ids alone. The log therefore receives a new id,
//! which makes clients treat their cursors as invalid.
//!
//! To make the loss detectable, each transaction that writes the log also writes a mark, which is higher than the process's
//! previous mark. If the stored mark is lower than the mark of the process's last committed transaction, transactions are
//! missing. On each new connection for writing the log, the process checks the mark before it writes.

use std::sync::{Arc, PoisonError};

use sqlx::PgConnection;

use super::{Backend, LogConnection, SELECT_LOG_ID, Store, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::Invalidation;

impl Store {
    /// Returns the current id of the event log.
    pub(crate) fn log_id(&self) -> Arc<str> {
        self.inner.log_id.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the id of the database, which stays the same when the log's id changes.
    pub(crate) fn database_id(&self) -> &str {
        &self.inner.database_id
    }

    /// Reads the log's id from the database. Returns true if the id has changed.
    pub(crate) async fn reload_log_id(&self) -> Result<bool, Error> {
        let id: String = with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(SELECT_LOG_ID).fetch_one(db).await?);
        let mut current = self.inner.log_id.write().unwrap_or_else(PoisonError::into_inner);
        let has_changed = **current != *id;
        *current = id.into();
        Ok(has_changed)
    }

    /// Checks whether the database still contains the last committed transaction of this process. If the transaction is
    /// missing, gives the log a new id.
    pub(crate) async fn replace_log_id_if_mark_lost(&self) -> Result<(), Error> {
        let mut log = self.log_connection().await?;
        let checked = self.replace_log_id_if_mark_lost_on(&mut log).await;
        if checked.is_err() {
            self.mark_log_connection_suspect();
        }
        checked
    }

    /// Does the same as [`Store::replace_log_id_if_mark_lost`] on a connection that is already locked. If the check fails, the caller
    /// decides whether the connection is suspect.
    pub(super) async fn replace_log_id_if_mark_lost_on(&self, log: &mut LogConnection<'_>) -> Result<(), Error> {
        if let (Backend::Postgres(database), Backend::Postgres(log)) = (&self.inner.database, log) {
            self.with_transaction_timeout(database.replace_log_id_if_mark_lost(log, &self.log_id())).await?;
        }
        Ok(())
    }

    /// Gives the log a new id, after the caller has found that published events are missing from the log. Does nothing on SQLite.
    pub(crate) async fn replace_log_id(&self) -> Result<(), Error> {
        if let Backend::Postgres(database) = &self.inner.database {
            let mut connection = database.write_pool.acquire().await?;
            replace_log_id(&mut connection, &self.log_id()).await?;
        }
        Ok(())
    }
}

/// Replaces the log's id, unless another process has already done so, and announces the replacement to all processes.
pub(super) async fn replace_log_id(connection: &mut PgConnection, known_id: &str) -> Result<(), Error> {
    const UPDATE_LOG_ID: &str = "UPDATE meta SET value = $1 WHERE key = 'log_id' AND value = $2";
    let mut connection = Backend::<&mut sqlx::SqliteConnection, _>::Postgres(connection);
    let mut tx = connection.begin_write().await?;
    let replaced = with_conn!(&mut tx, db => sqlx::query(UPDATE_LOG_ID).bind(random_id()).bind(known_id).execute(db).await?.rows_affected());
    if replaced > 0 {
        tracing::warn!(
            "events are missing from the log, probably because of a failover to an asynchronous standby; the log has a new id"
        );
    }
    tx.announce(&Invalidation::LogReplaced).await?;
    Ok(tx.commit().await?)
}
