//! Users, and the server's own values.

use serde_json::{Value, json};

use super::{Backend, Store, Tx, text, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::ids::random_token;
use crate::store::{Account, Actor, AuditDraft, Invalidation, User};
use crate::time::now;

impl Store {
    pub(crate) async fn account(&self, email: &str) -> Result<Option<Account>, Error> {
        const QUERY: &str = "SELECT id, password_hash, is_active FROM users WHERE lower(email) = $1";
        if text::check("email", email).is_err() {
            return Ok(None);
        }
        // As SQLite lowers, and PostgreSQL in this column's collation: ASCII only.
        let email = email.to_ascii_lowercase();
        let row: Option<(String, String, bool)> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(email).fetch_optional(db).await?);
        Ok(row.map(|(id, password_hash, is_active)| Account { id, password_hash, is_active }))
    }

    pub(crate) async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        const QUERY: &str = "SELECT id, email, is_admin, is_active, created_at FROM users WHERE id = $1";
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(id).fetch_optional(db).await?))
    }

    /// Oldest first.
    pub(crate) async fn users(&self) -> Result<Vec<User>, Error> {
        const QUERY: &str = "SELECT id, email, is_admin, is_active, created_at FROM users ORDER BY created_at, id";
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).fetch_all(db).await?))
    }

    pub(crate) async fn create_user(
        &self,
        email: &str,
        password_hash: &str,
        is_admin: bool,
        by: &Actor,
    ) -> Result<User, Error> {
        text::check("email", email)?;
        let user = User { id: random_id(), email: email.to_owned(), is_admin, is_active: true, created_at: now() };
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        if !tx.insert_user(&user, password_hash, by).await? {
            return Err(Error::Conflict("email_taken", "There is a user with this e-mail address already"));
        }
        tx.commit().await?;
        Ok(user)
    }

    /// Changes a user. Fields that are `None` stay as they are.
    pub(crate) async fn update_user(
        &self,
        id: &str,
        is_admin: Option<bool>,
        is_active: Option<bool>,
        by: &Actor,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE users SET is_admin = COALESCE($1, is_admin), is_active = COALESCE($2, is_active)
                             WHERE id = $3";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let before = locked(&mut tx, id).await?;
        with_conn!(&mut tx, db => {
            sqlx::query(QUERY).bind(is_admin).bind(is_active).bind(id).execute(db).await?;
        });
        let after = locked(&mut tx, id).await?;
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            tx.record(None, &AuditDraft::new(by, "user.update", id).before(before).after(after)).await?;
        }
        if is_active == Some(false) {
            const END_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
            with_conn!(&mut tx, db => { sqlx::query(END_SESSIONS).bind(id).execute(db).await?; });
            tx.announce(&Invalidation::UserDeactivated(id.to_owned())).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Sets the password, and ends the user's sessions except the one whose name is `kept`.
    pub(crate) async fn set_password(
        &self,
        id: &str,
        password_hash: &str,
        kept: Option<&str>,
        by: &Actor,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE users SET password_hash = $1 WHERE id = $2";
        const END_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        with_conn!(&mut tx, db => { sqlx::query(QUERY).bind(password_hash).bind(id).execute(db).await?; });
        with_conn!(&mut tx, db => {
            sqlx::query(END_SESSIONS).bind(id).bind(kept.unwrap_or_default()).execute(db).await?;
        });
        tx.record(None, &AuditDraft::new(by, "user.set_password", id)).await?;
        tx.announce(&Invalidation::PasswordChanged { user_id: id.to_owned(), session: kept.map(str::to_owned) })
            .await?;
        Ok(tx.commit().await?)
    }

    /// `true` if the user is active and still has this password. Waits for a transaction that is changing it.
    pub(crate) async fn has_password(&self, id: &str, password_hash: &str) -> Result<bool, Error> {
        const QUERY: &str = "SELECT password_hash, is_active FROM users WHERE id = $1";
        const AFTER_OTHERS: &str = "SELECT password_hash, is_active FROM users WHERE id = $1 FOR SHARE";
        let mut writer = self.writer().await?;
        let query = if matches!(writer, Backend::Sqlite(_)) { QUERY } else { AFTER_OTHERS };
        let current: Option<(String, bool)> =
            with_conn!(&mut writer, db => sqlx::query_as(query).bind(id).fetch_optional(db).await?);
        Ok(current == Some((password_hash.to_owned(), true)))
    }

    pub(crate) async fn meta(&self, key: &str) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT value FROM meta WHERE key = $1";
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(QUERY).bind(key).fetch_optional(db).await?))
    }

    /// A random text that all nodes share, made on first use.
    pub(crate) async fn shared_secret(&self, key: &str) -> Result<String, Error> {
        const QUERY: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        if let Some(secret) = self.meta(key).await? {
            return Ok(secret);
        }
        let secret = random_token();
        with_conn!(&mut self.writer().await?, db => { sqlx::query(QUERY).bind(key).bind(&secret).execute(db).await?; });
        // Another node may have been faster.
        self.meta(key).await?.ok_or_else(|| Error::Internal(format!("{key} was not stored")))
    }

    /// Deletes a value, and leaves no trace in SQLite's file.
    pub(crate) async fn erase_meta(&self, key: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM meta WHERE key = $1";
        let mut writer = self.writer().await?;
        if let Backend::Sqlite(db) = &mut writer {
            sqlx::query("PRAGMA secure_delete = ON").execute(&mut **db).await?;
        }
        with_conn!(&mut writer, db => { sqlx::query(QUERY).bind(key).execute(db).await?; });
        if let Backend::Sqlite(db) = &mut writer {
            sqlx::query("PRAGMA secure_delete = OFF").execute(&mut **db).await?;
        }
        Ok(())
    }

    pub(crate) async fn set_meta(&self, key: &str, value: &str) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO meta (key, value) VALUES ($1, $2)
                             ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        with_conn!(&mut self.writer().await?, db => { sqlx::query(QUERY).bind(key).bind(value).execute(db).await?; });
        Ok(())
    }
}

/// A user as the audit log shows them.
pub(super) fn state(user: &User) -> Value {
    json!({"email": user.email, "is_admin": user.is_admin, "is_active": user.is_active})
}

/// The state of a user, which nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &mut Tx<'_>, id: &str) -> Result<Option<Value>, Error> {
    const QUERY: &str = "SELECT id, email, is_admin, is_active, created_at FROM users WHERE id = $1";
    const LOCKED: &str = "SELECT id, email, is_admin, is_active, created_at FROM users WHERE id = $1 FOR NO KEY UPDATE";
    let query = if matches!(tx, Tx::Postgres(_)) { LOCKED } else { QUERY };
    let user: Option<User> = with_conn!(tx, db => sqlx::query_as(query).bind(id).fetch_optional(db).await?);
    Ok(user.as_ref().map(state))
}
