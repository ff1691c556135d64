//! Web sessions, as text that the session layer makes and reads.

use super::{Store, on};
use crate::Error;
use crate::time::{Micros, now};

impl Store {
    /// Stores a new session; `false` if the id is taken.
    pub(crate) async fn create_session(&self, id: &str, data: &str, expires_at: Micros) -> Result<bool, Error> {
        const QUERY: &str = "INSERT INTO sessions (id, data, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let made = on!(&mut self.writer().await?, db => {
            sqlx::query(QUERY).bind(id).bind(data).bind(expires_at).execute(db).await?.rows_affected()
        });
        Ok(made == 1)
    }

    pub(crate) async fn save_session(&self, id: &str, data: &str, expires_at: Micros) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO sessions (id, data, expires_at) VALUES ($1, $2, $3)
                             ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at";
        on!(&mut self.writer().await?, db => {
            sqlx::query(QUERY).bind(id).bind(data).bind(expires_at).execute(db).await?;
        });
        Ok(())
    }

    pub(crate) async fn session(&self, id: &str) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT data FROM sessions WHERE id = $1 AND expires_at > $2";
        Ok(on!(&mut self.reader().await?, db => {
            sqlx::query_scalar(QUERY).bind(id).bind(now()).fetch_optional(db).await?
        }))
    }

    pub(crate) async fn delete_session(&self, id: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM sessions WHERE id = $1";
        on!(&mut self.writer().await?, db => { sqlx::query(QUERY).bind(id).execute(db).await?; });
        Ok(())
    }

    pub(crate) async fn prune_sessions(&self) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM sessions WHERE expires_at <= $1";
        Ok(on!(&mut self.writer().await?, db => sqlx::query(QUERY).bind(now()).execute(db).await?.rows_affected()))
    }
}
