//! The first user of a database, created with a server's setup token.

use std::net::IpAddr;

use super::accounts::state;
use super::{Backend, Store, Tx, text, with_conn};
use crate::Error;
use crate::ids::random_id;
use crate::store::{Actor, AuditDraft, User};
use crate::time::{Micros, now};

/// Tokens of servers that were started longer ago are forgotten when another one is stored.
const TOKEN_LIFETIME: Micros = 30 * 24 * 60 * 60 * 1_000_000;

impl Store {
    pub(crate) async fn has_users(&self) -> Result<bool, Error> {
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(HAS_USERS).fetch_one(db).await?))
    }

    pub(crate) async fn add_setup_token(&self, hash: &[u8]) -> Result<(), Error> {
        const FORGET: &str = "DELETE FROM setup_tokens WHERE created_at < $1";
        const QUERY: &str = "INSERT INTO setup_tokens (hash, created_at) VALUES ($1, $2)";
        let mut writer = self.writer().await?;
        with_conn!(&mut writer, db => { sqlx::query(FORGET).bind(now() - TOKEN_LIFETIME).execute(db).await?; });
        with_conn!(&mut writer, db => { sqlx::query(QUERY).bind(hash).bind(now()).execute(db).await?; });
        Ok(())
    }

    /// `true` if a server stored the token, and there is still no user.
    pub(crate) async fn is_setup_token(&self, hash: &[u8]) -> Result<bool, Error> {
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(IS_GOOD).bind(hash).fetch_one(db).await?))
    }

    /// Creates an administrator of the server; `None` if the token is no longer valid.
    pub(crate) async fn create_first_admin(
        &self,
        token: &[u8],
        email: &str,
        password_hash: &str,
        address: IpAddr,
    ) -> Result<Option<User>, Error> {
        text::check("email", email)?;
        let user =
            User { id: random_id(), email: email.to_owned(), is_admin: true, is_active: true, created_at: now() };
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        if let Backend::Postgres(tx) = &mut tx {
            // Two holders of tokens take turns.
            sqlx::query("LOCK TABLE setup_tokens IN EXCLUSIVE MODE").execute(&mut **tx).await?;
        }
        if !with_conn!(&mut tx, db => sqlx::query_scalar::<_, bool>(IS_GOOD).bind(token).fetch_one(db).await?) {
            return Ok(None);
        }
        let by = Actor::user(user.id.as_str().into(), email.into(), Some(address));
        let made = tx.insert_user(&user, password_hash, &by).await?;
        tx.commit().await?;
        Ok(made.then_some(user))
    }
}

const HAS_USERS: &str = "SELECT EXISTS (SELECT 1 FROM users)";
const IS_GOOD: &str = "SELECT EXISTS (SELECT 1 FROM setup_tokens WHERE hash = $1) AND NOT EXISTS (SELECT 1 FROM users)";

impl Tx<'_> {
    /// Adds a user, and ends all setup tokens. `false` if the e-mail address is taken.
    pub(super) async fn insert_user(&mut self, user: &User, password_hash: &str, by: &Actor) -> Result<bool, Error> {
        const QUERY: &str = "INSERT INTO users (id, email, password_hash, is_admin, created_at)
                             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        const END_TOKENS: &str = "DELETE FROM setup_tokens";
        let made = with_conn!(self, db => {
            let query = sqlx::query(QUERY).bind(&user.id).bind(&user.email).bind(password_hash).bind(user.is_admin);
            query.bind(user.created_at).execute(db).await?.rows_affected()
        });
        with_conn!(self, db => { sqlx::query(END_TOKENS).execute(db).await?; });
        if made == 1 {
            self.record(None, &AuditDraft::new(by, "user.create", &user.id).after(state(user))).await?;
        }
        Ok(made == 1)
    }
}
