//! Users, projects, memberships and API keys.

use super::SqliteStore;
use crate::Error;
use crate::ids::{KeyHash, random_id};
use crate::store::{KeyOwner, User};
use crate::time::now;

impl SqliteStore {
    pub(crate) async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT id, password_hash FROM users WHERE email = ?")
            .bind(email)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.map(|(id, password_hash)| User { id, password_hash }))
    }

    pub(crate) async fn user_exists(&self, id: &str) -> Result<bool, Error> {
        let row: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM users WHERE id = ?").bind(id).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }

    pub(crate) async fn create_user(&self, email: &str, password_hash: &str) -> Result<String, Error> {
        let id = random_id();
        sqlx::query("INSERT INTO users (id, email, password_hash, created_at) VALUES (?, ?, ?, ?)")
            .bind(&id)
            .bind(email)
            .bind(password_hash)
            .bind(now())
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(id)
    }

    pub(crate) async fn create_project(&self, name: &str) -> Result<String, Error> {
        let id = random_id();
        sqlx::query("INSERT INTO projects (id, name, created_at) VALUES (?, ?, ?)")
            .bind(&id)
            .bind(name)
            .bind(now())
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(id)
    }

    pub(crate) async fn project_exists(&self, id: &str) -> Result<bool, Error> {
        let row: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM projects WHERE id = ?").bind(id).fetch_optional(self.readers()).await?;
        Ok(row.is_some())
    }

    /// Ids and names of the projects a user belongs to, oldest first.
    pub(crate) async fn projects_of(&self, user_id: &str) -> Result<Vec<(String, String)>, Error> {
        let rows = sqlx::query_as(
            "SELECT id, name FROM projects JOIN members ON id = project_id WHERE user_id = ? ORDER BY created_at, id",
        )
        .bind(user_id)
        .fetch_all(self.readers())
        .await?;
        Ok(rows)
    }

    pub(crate) async fn add_member(&self, project_id: &str, user_id: &str, role: &str) -> Result<(), Error> {
        sqlx::query("INSERT INTO members (project_id, user_id, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(project_id)
            .bind(user_id)
            .bind(role)
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(())
    }

    pub(crate) async fn is_member(&self, project_id: &str, user_id: &str) -> Result<bool, Error> {
        let row: Option<i64> = sqlx::query_scalar("SELECT 1 FROM members WHERE project_id = ? AND user_id = ?")
            .bind(project_id)
            .bind(user_id)
            .fetch_optional(self.readers())
            .await?;
        Ok(row.is_some())
    }

    pub(crate) async fn create_key(&self, project_id: &str, name: &str, hash: &KeyHash) -> Result<(), Error> {
        sqlx::query("INSERT INTO api_keys (id, project_id, name, key_hash, created_at) VALUES (?, ?, ?, ?, ?)")
            .bind(random_id())
            .bind(project_id)
            .bind(name)
            .bind(&hash[..])
            .bind(now())
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(())
    }

    pub(crate) async fn key_owner(&self, hash: &KeyHash) -> Result<Option<KeyOwner>, Error> {
        let project_id: Option<String> = sqlx::query_scalar("SELECT project_id FROM api_keys WHERE key_hash = ?")
            .bind(&hash[..])
            .fetch_optional(self.readers())
            .await?;
        Ok(project_id.map(|id| KeyOwner { project_id: id.into() }))
    }

    pub(crate) async fn meta(&self, key: &str) -> Result<Option<String>, Error> {
        let value =
            sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key).fetch_optional(self.readers()).await?;
        Ok(value)
    }

    pub(crate) async fn set_meta(&self, key: &str, value: &str) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&mut *self.writer().await?)
        .await?;
        Ok(())
    }
}
