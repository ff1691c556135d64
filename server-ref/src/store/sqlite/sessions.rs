//! Web sessions, as text that the session layer makes and reads.

use super::SqliteStore;
use crate::Error;
use crate::time::{Micros, now};

impl SqliteStore {
    /// Stores a new session; `false` if the id is taken.
    pub(crate) async fn create_session(&self, id: &str, data: &str, expires_at: Micros) -> Result<bool, Error> {
        let done = sqlx::query("INSERT INTO sessions (id, data, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(data)
            .bind(expires_at)
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn save_session(&self, id: &str, data: &str, expires_at: Micros) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO sessions (id, data, expires_at) VALUES (?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at",
        )
        .bind(id)
        .bind(data)
        .bind(expires_at)
        .execute(&mut *self.writer().await?)
        .await?;
        Ok(())
    }

    pub(crate) async fn session(&self, id: &str) -> Result<Option<String>, Error> {
        let data = sqlx::query_scalar("SELECT data FROM sessions WHERE id = ? AND expires_at > ?")
            .bind(id)
            .bind(now())
            .fetch_optional(self.readers())
            .await?;
        Ok(data)
    }

    pub(crate) async fn delete_session(&self, id: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM sessions WHERE id = ?").bind(id).execute(&mut *self.writer().await?).await?;
        Ok(())
    }

    pub(crate) async fn prune_sessions(&self) -> Result<u64, Error> {
        let done = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(now())
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(done.rows_affected())
    }
}
