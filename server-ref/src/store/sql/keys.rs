//! API keys.

use super::{Store, on, text};
use crate::Error;
use crate::ids::{KeyHash, random_id};
use crate::store::{KeyInfo, KeyOwner, News};
use crate::time::now;

impl Store {
    pub(crate) async fn create_key(&self, project_id: &str, name: &str, hash: &KeyHash) -> Result<KeyInfo, Error> {
        const QUERY: &str =
            "INSERT INTO api_keys (id, project_id, name, key_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
        text::check("name", name)?;
        let key = KeyInfo { id: random_id(), name: name.to_owned(), created_at: now() };
        on!(&mut self.writer().await?, db => {
            let query = sqlx::query(QUERY).bind(&key.id).bind(project_id).bind(name).bind(&hash[..]);
            query.bind(key.created_at).execute(db).await?;
        });
        Ok(key)
    }

    pub(crate) async fn key_owner(&self, hash: &KeyHash) -> Result<Option<KeyOwner>, Error> {
        const QUERY: &str = "SELECT id, name, project_id FROM api_keys WHERE key_hash = $1";
        let row: Option<(String, String, String)> =
            on!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(&hash[..]).fetch_optional(db).await?);
        let owner = |(id, name, project_id): (String, String, String)| KeyOwner {
            id: id.into(),
            name: name.into(),
            project_id: project_id.into(),
        };
        Ok(row.map(owner))
    }

    pub(crate) async fn key_exists(&self, id: &str) -> Result<bool, Error> {
        const QUERY: &str = "SELECT EXISTS (SELECT 1 FROM api_keys WHERE id = $1)";
        Ok(on!(&mut self.reader().await?, db => sqlx::query_scalar(QUERY).bind(id).fetch_one(db).await?))
    }

    /// Oldest first.
    pub(crate) async fn keys(&self, project_id: &str) -> Result<Vec<KeyInfo>, Error> {
        const QUERY: &str = "SELECT id, name, created_at FROM api_keys WHERE project_id = $1 ORDER BY created_at, id";
        Ok(on!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(project_id).fetch_all(db).await?))
    }

    /// The id, project and name of a key, found by its id or its hash.
    pub(crate) async fn find_key(
        &self,
        id: &str,
        hash: Option<&KeyHash>,
    ) -> Result<Option<(String, String, String)>, Error> {
        const QUERY: &str = "SELECT id, project_id, name FROM api_keys WHERE id = $1 OR key_hash = $2";
        let hash = hash.map(|hash| &hash[..]);
        Ok(on!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(id).bind(hash).fetch_optional(db).await?
        }))
    }

    /// Whether there was one.
    pub(crate) async fn delete_key(&self, project_id: &str, id: &str) -> Result<bool, Error> {
        const QUERY: &str = "DELETE FROM api_keys WHERE project_id = $1 AND id = $2";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let deleted = on!(&mut tx, db => {
            sqlx::query(QUERY).bind(project_id).bind(id).execute(db).await?.rows_affected()
        });
        tx.tell(&News::KeyRevoked(id.to_owned())).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }
}
