//! API keys.

use super::SqliteStore;
use crate::Error;
use crate::ids::{KeyHash, random_id};
use crate::store::{KeyInfo, KeyOwner};
use crate::time::now;

impl SqliteStore {
    pub(crate) async fn create_key(&self, project_id: &str, name: &str, hash: &KeyHash) -> Result<KeyInfo, Error> {
        let key = KeyInfo { id: random_id(), name: name.to_owned(), created_at: now() };
        sqlx::query("INSERT INTO api_keys (id, project_id, name, key_hash, created_at) VALUES (?, ?, ?, ?, ?)")
            .bind(&key.id)
            .bind(project_id)
            .bind(name)
            .bind(&hash[..])
            .bind(key.created_at)
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(key)
    }

    pub(crate) async fn key_owner(&self, hash: &KeyHash) -> Result<Option<KeyOwner>, Error> {
        let row: Option<(String, String, String)> =
            sqlx::query_as("SELECT id, name, project_id FROM api_keys WHERE key_hash = ?")
                .bind(&hash[..])
                .fetch_optional(self.readers())
                .await?;
        let owner = |(id, name, project_id): (String, String, String)| KeyOwner {
            id: id.into(),
            name: name.into(),
            project_id: project_id.into(),
        };
        Ok(row.map(owner))
    }

    pub(crate) async fn key_exists(&self, id: &str) -> Result<bool, Error> {
        let row: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM api_keys WHERE id = ?").bind(id).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }

    /// Oldest first.
    pub(crate) async fn keys(&self, project_id: &str) -> Result<Vec<KeyInfo>, Error> {
        let query =
            sqlx::query_as("SELECT id, name, created_at FROM api_keys WHERE project_id = ? ORDER BY created_at, id");
        Ok(query.bind(project_id).fetch_all(self.readers()).await?)
    }

    /// Whether there was one.
    pub(crate) async fn delete_key(&self, project_id: &str, id: &str) -> Result<bool, Error> {
        let query = sqlx::query("DELETE FROM api_keys WHERE project_id = ? AND id = ?").bind(project_id).bind(id);
        Ok(query.execute(&mut *self.writer().await?).await?.rows_affected() > 0)
    }
}
