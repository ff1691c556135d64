//! Storage of web sessions.
//!
//! A session is stored under a hash of its id. The id itself is a secret and is not stored.

use std::net::IpAddr;

use super::{Store, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation};
use crate::time::{Micros, now};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredSession {
    /// The session's data as JSON text.
    pub(crate) data: String,
    pub(crate) expires_at: Micros,
}

/// A web session that is about to be stored.
#[derive(Debug)]
pub(crate) struct SessionDraft<'a> {
    pub(crate) id_hash: &'a str,
    /// The session's data as JSON text.
    pub(crate) data: &'a str,
    /// The id of the user who is signed in, if any.
    pub(crate) user_id: Option<&'a str>,
    pub(crate) expires_at: Micros,
}

impl Store {
    /// Stores a new session. Returns false if the hash is already in use.
    ///
    /// `address` is given if a user has just signed in; the sign-in is then recorded in the audit log.
    pub(crate) async fn create_session(
        &self,
        session: SessionDraft<'_>,
        address: Option<IpAddr>,
    ) -> Result<bool, Error> {
        const INSERT_SESSION: &str =
            "INSERT INTO sessions (id, data, user_id, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        const SELECT_EMAIL: &str = "SELECT email FROM users WHERE id = $1";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let inserted = with_conn!(&mut tx, db => {
            let query = sqlx::query(INSERT_SESSION).bind(session.id_hash).bind(session.data);
            query.bind(session.user_id).bind(session.expires_at).execute(db).await?.rows_affected()
        });
        if inserted == 0 {
            return Ok(false);
        }
        if let (Some(user_id), Some(_)) = (session.user_id, address) {
            let email: Option<String> =
                with_conn!(&mut tx, db => sqlx::query_scalar(SELECT_EMAIL).bind(user_id).fetch_optional(db).await?);
            let by = Actor::user(user_id.into(), email.unwrap_or_default().into(), address);
            tx.record_audit(None, &AuditDraft::new(&by, "user.sign_in", user_id)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Updates an existing session. A session that has ended in the meantime is not restored.
    pub(crate) async fn update_session(&self, session: SessionDraft<'_>) -> Result<(), Error> {
        const UPDATE_SESSION: &str = "UPDATE sessions SET data = $2, user_id = $3, expires_at = $4 WHERE id = $1";
        with_conn!(&mut self.write_connection().await?, db => {
            let query = sqlx::query(UPDATE_SESSION).bind(session.id_hash).bind(session.data);
            query.bind(session.user_id).bind(session.expires_at).execute(db).await?;
        });
        Ok(())
    }

    /// Returns the session whose id has this hash, unless the session has expired.
    pub(crate) async fn session(&self, id_hash: &str) -> Result<Option<StoredSession>, Error> {
        const SELECT_SESSION: &str = "SELECT data, expires_at FROM sessions WHERE id = $1 AND expires_at > $2";
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_SESSION).bind(id_hash).bind(now()).fetch_optional(db).await?
        }))
    }

    /// Deletes a session and announces its end to all nodes in the same transaction.
    pub(crate) async fn end_session(&self, id_hash: &str) -> Result<(), Error> {
        const DELETE_SESSION: &str = "DELETE FROM sessions WHERE id = $1";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        with_conn!(&mut tx, db => { sqlx::query(DELETE_SESSION).bind(id_hash).execute(db).await?; });
        tx.announce(&Invalidation::SessionEnded(id_hash.to_owned())).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes expired sessions and returns their number.
    pub(crate) async fn prune_sessions(&self) -> Result<u64, Error> {
        const DELETE_EXPIRED_SESSIONS: &str = "DELETE FROM sessions WHERE expires_at <= $1";
        let now = self.database_time().await?;
        Ok(
            with_conn!(&mut self.write_connection().await?, db => sqlx::query(DELETE_EXPIRED_SESSIONS).bind(now).execute(db).await?.rows_affected()),
        )
    }
}
