//! Storage of users and of the server's own values, such as secrets.

use serde_json::{Value, json};

use super::{Backend, Store, Tx, nul_tolerant_text, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::ids::random_token;
use crate::store::{Actor, AuditDraft, Invalidation, User, UserCredentials};
use crate::time::now;

impl Store {
    pub(crate) async fn user_credentials(&self, email: &str) -> Result<Option<UserCredentials>, Error> {
        const SELECT_CREDENTIALS: &str = "SELECT id, password_hash, is_active FROM users WHERE lower(email) = $1";
        if nul_tolerant_text::reject_nul("email", email).is_err() {
            return Ok(None);
        }
        // The query's `lower` converts only ASCII letters, both in SQLite and in PostgreSQL with this column's collation.
        let email = email.to_ascii_lowercase();
        let row: Option<(String, String, bool)> = with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_CREDENTIALS).bind(email).fetch_optional(db).await?);
        Ok(row.map(|(id, password_hash, is_active)| UserCredentials { id, password_hash, is_active }))
    }

    pub(crate) async fn user(&self, id: &str) -> Result<Option<User>, Error> {
        const SELECT_USER: &str = "SELECT id, email, is_admin, is_active, created_at FROM users WHERE id = $1";
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_USER).bind(id).fetch_optional(db).await?),
        )
    }

    /// Returns all users, oldest first.
    pub(crate) async fn users(&self) -> Result<Vec<User>, Error> {
        const SELECT_USERS: &str =
            "SELECT id, email, is_admin, is_active, created_at FROM users ORDER BY created_at, id";
        Ok(with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_USERS).fetch_all(db).await?))
    }

    pub(crate) async fn create_user(
        &self,
        email: &str,
        password_hash: &str,
        is_admin: bool,
        by: &Actor,
    ) -> Result<User, Error> {
        nul_tolerant_text::reject_nul("email", email)?;
        let user = User { id: random_id(), email: email.to_owned(), is_admin, is_active: true, created_at: now() };
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        if !tx.insert_user_and_end_setup(&user, password_hash, by).await? {
            return Err(Error::Conflict("email_taken", "A user with this e-mail address already exists"));
        }
        tx.commit().await?;
        Ok(user)
    }

    /// Changes a user. Arguments that are `None` leave the current value unchanged.
    pub(crate) async fn update_user(
        &self,
        id: &str,
        is_admin: Option<bool>,
        is_active: Option<bool>,
        by: &Actor,
    ) -> Result<(), Error> {
        const UPDATE_USER: &str =
            "UPDATE users SET is_admin = COALESCE($1, is_admin), is_active = COALESCE($2, is_active)
                             WHERE id = $3";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let before = lock_and_read_audit_state(&mut tx, id).await?;
        with_conn!(&mut tx, db => {
            sqlx::query(UPDATE_USER).bind(is_admin).bind(is_active).bind(id).execute(db).await?;
        });
        let after = lock_and_read_audit_state(&mut tx, id).await?;
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            let draft = AuditDraft::new(by, "user.update", id).with_before(before).with_after(after);
            tx.record_audit(None, &draft).await?;
        }
        if is_active == Some(false) {
            const DELETE_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
            with_conn!(&mut tx, db => { sqlx::query(DELETE_SESSIONS).bind(id).execute(db).await?; });
            tx.announce(&Invalidation::UserDeactivated(id.to_owned())).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Sets a user's password and ends all of the user's sessions except the one whose id has the hash `kept_session`.
    pub(crate) async fn set_password(
        &self,
        id: &str,
        password_hash: &str,
        kept_session: Option<&str>,
        by: &Actor,
    ) -> Result<(), Error> {
        const UPDATE_PASSWORD: &str = "UPDATE users SET password_hash = $1 WHERE id = $2";
        const DELETE_SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        with_conn!(&mut tx, db => { sqlx::query(UPDATE_PASSWORD).bind(password_hash).bind(id).execute(db).await?; });
        with_conn!(&mut tx, db => {
            sqlx::query(DELETE_SESSIONS).bind(id).bind(kept_session.unwrap_or_default()).execute(db).await?;
        });
        tx.record_audit(None, &AuditDraft::new(by, "user.set_password", id)).await?;
        let kept_session = kept_session.map(str::to_owned);
        tx.announce(&Invalidation::PasswordChanged { user_id: id.to_owned(), kept_session }).await?;
        Ok(tx.commit().await?)
    }

    /// Returns true if the user is active and `password_hash` is still the hash of the user's password. Waits for concurrent
    /// transactions that change the user.
    pub(crate) async fn is_current_password_hash(&self, id: &str, password_hash: &str) -> Result<bool, Error> {
        const SELECT_PASSWORD: &str = "SELECT password_hash, is_active FROM users WHERE id = $1";
        const SELECT_PASSWORD_AFTER_CHANGES: &str =
            "SELECT password_hash, is_active FROM users WHERE id = $1 FOR SHARE";
        let mut connection = self.write_connection().await?;
        let query =
            if matches!(connection, Backend::Sqlite(_)) { SELECT_PASSWORD } else { SELECT_PASSWORD_AFTER_CHANGES };
        let current: Option<(String, bool)> =
            with_conn!(&mut connection, db => sqlx::query_as(query).bind(id).fetch_optional(db).await?);
        Ok(current == Some((password_hash.to_owned(), true)))
    }

    pub(crate) async fn meta_value(&self, key: &str) -> Result<Option<String>, Error> {
        const SELECT_VALUE: &str = "SELECT value FROM meta WHERE key = $1";
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(SELECT_VALUE).bind(key).fetch_optional(db).await?),
        )
    }

    /// Returns a random secret that all nodes share. The secret is created on first use.
    pub(crate) async fn get_or_create_shared_secret(&self, key: &str) -> Result<String, Error> {
        const INSERT_SECRET: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        if let Some(secret) = self.meta_value(key).await? {
            return Ok(secret);
        }
        let secret = random_token();
        with_conn!(&mut self.write_connection().await?, db => { sqlx::query(INSERT_SECRET).bind(key).bind(&secret).execute(db).await?; });
        // Another node may have stored a different secret first.
        self.meta_value(key).await?.ok_or_else(|| Error::Internal(format!("{key} was not stored")))
    }

    /// Deletes a value and, in a SQLite database, overwrites it in the file.
    pub(crate) async fn erase_meta_value(&self, key: &str) -> Result<(), Error> {
        const DELETE_VALUE: &str = "DELETE FROM meta WHERE key = $1";
        let mut connection = self.write_connection().await?;
        if let Backend::Sqlite(db) = &mut connection {
            sqlx::query("PRAGMA secure_delete = ON").execute(&mut **db).await?;
        }
        with_conn!(&mut connection, db => { sqlx::query(DELETE_VALUE).bind(key).execute(db).await?; });
        if let Backend::Sqlite(db) = &mut connection {
            sqlx::query("PRAGMA secure_delete = OFF").execute(&mut **db).await?;
        }
        Ok(())
    }

    pub(crate) async fn set_meta_value(&self, key: &str, value: &str) -> Result<(), Error> {
        const UPSERT_VALUE: &str = "INSERT INTO meta (key, value) VALUES ($1, $2)
                             ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        with_conn!(&mut self.write_connection().await?, db => { sqlx::query(UPSERT_VALUE).bind(key).bind(value).execute(db).await?; });
        Ok(())
    }
}

/// Returns the state of a user for the audit log.
pub(super) fn audit_state(user: &User) -> Value {
    json!({"email": user.email, "is_admin": user.is_admin, "is_active": user.is_active})
}

/// Returns the state of a user for the audit log and locks the user's row until the transaction ends.
pub(super) async fn lock_and_read_audit_state(tx: &mut Tx<'_>, id: &str) -> Result<Option<Value>, Error> {
    const SELECT_USER: &str = "SELECT id, email, is_admin, is_active, created_at FROM users WHERE id = $1";
    const LOCK_USER: &str =
        "SELECT id, email, is_admin, is_active, created_at FROM users WHERE id = $1 FOR NO KEY UPDATE";
    let query = if matches!(tx, Tx::Postgres(_)) { LOCK_USER } else { SELECT_USER };
    let user: Option<User> = with_conn!(tx, db => sqlx::query_as(query).bind(id).fetch_optional(db).await?);
    Ok(user.as_ref().map(audit_state))
}
