//! Web sessions. A session's id is a secret and not stored; the hash of the id is the session's name, by which it is found.

use std::net::IpAddr;

use super::{Store, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation};
use crate::time::{Micros, now};

/// A session as it is stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredSession {
    /// JSON text.
    pub(crate) data: String,
    pub(crate) expires_at: Micros,
}

/// A session to be stored.
#[derive(Debug)]
pub(crate) struct SessionDraft<'a> {
    pub(crate) name: &'a str,
    /// JSON text.
    pub(crate) data: &'a str,
    /// The user who signed in with it.
    pub(crate) user_id: Option<&'a str>,
    pub(crate) expires_at: Micros,
}

impl Store {
    /// Stores a new session; `false` if the name is taken. With an address it is a sign-in from there, which is recorded.
    pub(crate) async fn create_session(
        &self,
        session: SessionDraft<'_>,
        address: Option<IpAddr>,
    ) -> Result<bool, Error> {
        const QUERY: &str =
            "INSERT INTO sessions (id, data, user_id, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        const EMAIL: &str = "SELECT email FROM users WHERE id = $1";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let made = with_conn!(&mut tx, db => {
            let query = sqlx::query(QUERY).bind(session.name).bind(session.data);
            query.bind(session.user_id).bind(session.expires_at).execute(db).await?.rows_affected()
        });
        if made == 0 {
            return Ok(false);
        }
        if let (Some(user_id), Some(_)) = (session.user_id, address) {
            let email: Option<String> =
                with_conn!(&mut tx, db => sqlx::query_scalar(EMAIL).bind(user_id).fetch_optional(db).await?);
            let by = Actor::user(user_id.into(), email.unwrap_or_default().into(), address);
            tx.record(None, &AuditDraft::new(&by, "user.sign_in", user_id)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Changes an existing session. A session that has ended in the meantime stays ended.
    pub(crate) async fn save_session(&self, session: SessionDraft<'_>) -> Result<(), Error> {
        const QUERY: &str = "UPDATE sessions SET data = $2, user_id = $3, expires_at = $4 WHERE id = $1";
        with_conn!(&mut self.writer().await?, db => {
            let query = sqlx::query(QUERY).bind(session.name).bind(session.data);
            query.bind(session.user_id).bind(session.expires_at).execute(db).await?;
        });
        Ok(())
    }

    /// The session, unless it has expired.
    pub(crate) async fn session(&self, name: &str) -> Result<Option<StoredSession>, Error> {
        const QUERY: &str = "SELECT data, expires_at FROM sessions WHERE id = $1 AND expires_at > $2";
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(name).bind(now()).fetch_optional(db).await?
        }))
    }

    /// Ends the session, and announces it to the other nodes in the same transaction.
    pub(crate) async fn end_session(&self, name: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM sessions WHERE id = $1";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        with_conn!(&mut tx, db => { sqlx::query(QUERY).bind(name).execute(db).await?; });
        tx.announce(&Invalidation::SessionEnded(name.to_owned())).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn prune_sessions(&self) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM sessions WHERE expires_at <= $1";
        let now = self.clock().await?;
        Ok(with_conn!(&mut self.writer().await?, db => sqlx::query(QUERY).bind(now).execute(db).await?.rows_affected()))
    }
}
