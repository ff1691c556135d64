//! Users, and what the server remembers about itself.

use super::SqliteStore;
use crate::Error;
use crate::ids::random_id;
use crate::store::{Account, User};
use crate::time::now;

const COLUMNS: &str = "SELECT id, email, is_admin, is_active, created_at FROM users";

impl SqliteStore {
    pub(crate) async fn account(&self, email: &str) -> Result<Option<Account>, Error> {
        let row: Option<(String, String, bool)> =
            sqlx::query_as("SELECT id, password_hash, is_active FROM users WHERE email = ?")
                .bind(email)
                .fetch_optional(self.readers())
                .await?;
        Ok(row.map(|(id, password_hash, is_active)| Account { id, password_hash, is_active }))
    }

    pub(crate) async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = ?")));
        Ok(query.bind(id.to_owned()).fetch_optional(self.readers()).await?)
    }

    /// Oldest first.
    pub(crate) async fn users(&self) -> Result<Vec<User>, Error> {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY created_at, id")));
        Ok(query.fetch_all(self.readers()).await?)
    }

    pub(crate) async fn create_user(&self, email: &str, password_hash: &str, is_admin: bool) -> Result<User, Error> {
        let user = User { id: random_id(), email: email.to_owned(), is_admin, is_active: true, created_at: now() };
        let done = sqlx::query(
            "INSERT INTO users (id, email, password_hash, is_admin, created_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (email) DO NOTHING",
        )
        .bind(&user.id)
        .bind(email)
        .bind(password_hash)
        .bind(is_admin)
        .bind(user.created_at)
        .execute(&mut *self.writer().await?)
        .await?;
        match done.rows_affected() {
            0 => Err(Error::Conflict("email_taken", "There is a user with this e-mail address already")),
            _ => Ok(user),
        }
    }

    /// What is `None` stays as it is.
    pub(crate) async fn update_user(
        &self,
        id: &str,
        is_admin: Option<bool>,
        is_active: Option<bool>,
    ) -> Result<(), Error> {
        sqlx::query(
            "UPDATE users SET is_admin = COALESCE(?, is_admin), is_active = COALESCE(?, is_active) WHERE id = ?",
        )
        .bind(is_admin)
        .bind(is_active)
        .bind(id)
        .execute(&mut *self.writer().await?)
        .await?;
        Ok(())
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
