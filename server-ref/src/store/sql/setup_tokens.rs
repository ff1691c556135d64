//! Creation of a database's first user with a setup token.

use std::net::IpAddr;

use super::accounts::audit_state;
use super::{Backend, Store, Tx, nul_tolerant_text, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::{Actor, AuditDraft, User};
use crate::time::{Micros, now};

/// Age, in microseconds, beyond which a setup token is deleted. Such tokens are deleted when another token is stored.
const SETUP_TOKEN_LIFETIME: Micros = 30 * 24 * 60 * 60 * 1_000_000;

impl Store {
    pub(crate) async fn has_users(&self) -> Result<bool, Error> {
        Ok(with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(HAS_USERS).fetch_one(db).await?))
    }

    pub(crate) async fn add_setup_token(&self, hash: &[u8]) -> Result<(), Error> {
        const DELETE_OLD_TOKENS: &str = "DELETE FROM setup_tokens WHERE created_at < $1";
        const INSERT_TOKEN: &str = "INSERT INTO setup_tokens (hash, created_at) VALUES ($1, $2)";
        let mut connection = self.write_connection().await?;
        with_conn!(&mut connection, db => { sqlx::query(DELETE_OLD_TOKENS).bind(now() - SETUP_TOKEN_LIFETIME).execute(db).await?; });
        with_conn!(&mut connection, db => { sqlx::query(INSERT_TOKEN).bind(hash).bind(now()).execute(db).await?; });
        Ok(())
    }

    /// Returns true if the token with this hash is known and no user exists yet.
    pub(crate) async fn is_valid_setup_token(&self, hash: &[u8]) -> Result<bool, Error> {
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(IS_VALID_SETUP_TOKEN).bind(hash).fetch_one(db).await?),
        )
    }

    /// Creates the first user, who is an administrator of the server. Returns `None` if the token is not valid.
    pub(crate) async fn create_first_admin(
        &self,
        token_hash: &[u8],
        email: &str,
        password_hash: &str,
        address: IpAddr,
    ) -> Result<Option<User>, Error> {
        nul_tolerant_text::reject_nul("email", email)?;
        let user =
            User { id: random_id(), email: email.to_owned(), is_admin: true, is_active: true, created_at: now() };
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        if let Backend::Postgres(tx) = &mut tx {
            // If two requests use tokens at the same time, only the first request may create a user.
            sqlx::query("LOCK TABLE setup_tokens IN EXCLUSIVE MODE").execute(&mut **tx).await?;
        }
        if !with_conn!(&mut tx, db => sqlx::query_scalar::<_, bool>(IS_VALID_SETUP_TOKEN).bind(token_hash).fetch_one(db).await?)
        {
            return Ok(None);
        }
        let by = Actor::user(user.id.as_str().into(), email.into(), Some(address));
        let is_created = tx.insert_user_and_end_setup(&user, password_hash, &by).await?;
        tx.commit().await?;
        Ok(is_created.then_some(user))
    }
}

const HAS_USERS: &str = "SELECT EXISTS (SELECT 1 FROM users)";
const IS_VALID_SETUP_TOKEN: &str =
    "SELECT EXISTS (SELECT 1 FROM setup_tokens WHERE hash = $1) AND NOT EXISTS (SELECT 1 FROM users)";

impl Tx<'_> {
    /// Adds a user and invalidates all setup tokens. Returns false if the e-mail address is already in use.
    pub(super) async fn insert_user_and_end_setup(
        &mut self,
        user: &User,
        password_hash: &str,
        by: &Actor,
    ) -> Result<bool, Error> {
        const INSERT_USER: &str = "INSERT INTO users (id, email, password_hash, is_admin, created_at)
                             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        const DELETE_SETUP_TOKENS: &str = "DELETE FROM setup_tokens";
        let inserted = with_conn!(self, db => {
            let query = sqlx::query(INSERT_USER).bind(&user.id).bind(&user.email).bind(password_hash).bind(user.is_admin);
            query.bind(user.created_at).execute(db).await?.rows_affected()
        });
        with_conn!(self, db => { sqlx::query(DELETE_SETUP_TOKENS).execute(db).await?; });
        if inserted == 1 {
            self.record_audit(None, &AuditDraft::new(by, "user.create", &user.id).with_after(audit_state(user)))
                .await?;
        }
        Ok(inserted == 1)
    }
}
