//! API keys.

use serde_json::json;

use super::{Store, Tx, text, with_conn};
use crate::Error;
use crate::ids::{KeyHash, random_id};
use crate::store::{Actor, AuditDraft, Invalidation, KeyDraft, KeyInfo, KeySecret, StoredKey};
use crate::time::{Micros, now};

/// The uses of keys that one transaction records.
const USES_PER_STATEMENT: usize = 256;

/// A key as a request that presents it is checked.
macro_rules! stored {
    ($which:literal) => {
        concat!(
            "SELECT id, name, project_id, scopes, allowed_origins, is_active, expires_at, requests_per_minute, last_used_at,
                    token_key
             FROM api_keys ",
            $which
        )
    };
}

/// A project's keys as they are shown.
macro_rules! shown {
    ($which:literal) => {
        concat!(
            "SELECT api_keys.id, name, scopes, allowed_origins, api_keys.is_active, api_keys.created_at,
                    users.email AS created_by, expires_at, requests_per_minute, last_used_at
             FROM api_keys LEFT JOIN users ON users.id = created_by WHERE project_id = $1 ",
            $which
        )
    };
}

impl Store {
    pub(crate) async fn create_key(
        &self,
        project_id: &str,
        key: KeyDraft,
        secret: KeySecret,
        by: &Actor,
    ) -> Result<KeyInfo, Error> {
        const QUERY: &str = "INSERT INTO api_keys (id, project_id, name, key_hash, scopes, allowed_origins, expires_at,
                                                   requests_per_minute, created_by, token_key, created_at)
                             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        text::check("name", &key.name)?;
        let id = random_id();
        let after = key.state();
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        with_conn!(&mut tx, db => {
            let query = sqlx::query(QUERY).bind(&id).bind(project_id).bind(key.name).bind(&secret.hash[..]);
            let query = query.bind(key.scopes.to_string()).bind(key.allowed_origins.to_string()).bind(key.expires_at);
            let query = query.bind(key.requests_per_minute);
            query.bind(key.created_by).bind(secret.token_key).bind(now()).execute(db).await?;
        });
        tx.record(Some(project_id), &AuditDraft::new(by, "key.create", &id).after(after)).await?;
        tx.commit().await?;
        drop(writer);
        self.key(project_id, &id).await?.ok_or(Error::NotFound("Key"))
    }

    pub(crate) async fn key_by_hash(&self, hash: &KeyHash) -> Result<Option<StoredKey>, Error> {
        const QUERY: &str = stored!("WHERE key_hash = $1");
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(&hash[..]).fetch_optional(db).await?
        }))
    }

    pub(crate) async fn key_by_id(&self, id: &str) -> Result<Option<StoredKey>, Error> {
        const QUERY: &str = stored!("WHERE id = $1");
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(id).fetch_optional(db).await?
        }))
    }

    /// Oldest first.
    pub(crate) async fn keys(&self, project_id: &str) -> Result<Vec<KeyInfo>, Error> {
        const QUERY: &str = shown!("ORDER BY api_keys.created_at, api_keys.id");
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(project_id).fetch_all(db).await?
        }))
    }

    pub(crate) async fn key(&self, project_id: &str, id: &str) -> Result<Option<KeyInfo>, Error> {
        const QUERY: &str = shown!("AND api_keys.id = $2");
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(project_id).bind(id).fetch_optional(db).await?
        }))
    }

    /// Stores the public key that verifies the tokens of an API key older than tokens.
    pub(crate) async fn set_token_key(&self, id: &str, token_key: &[u8]) -> Result<(), Error> {
        const QUERY: &str = "UPDATE api_keys SET token_key = $1 WHERE id = $2";
        with_conn!(&mut self.writer().await?, db => { sqlx::query(QUERY).bind(token_key).bind(id).execute(db).await?; });
        Ok(())
    }

    /// Switches a key on or off; `false` if there is no such key.
    pub(crate) async fn switch_key(
        &self,
        project_id: &str,
        id: &str,
        is_active: bool,
        by: &Actor,
    ) -> Result<bool, Error> {
        const BEFORE: &str = "SELECT name, is_active FROM api_keys WHERE project_id = $1 AND id = $2";
        const QUERY: &str = "UPDATE api_keys SET is_active = $1 WHERE project_id = $2 AND id = $3";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        tx.lock_project(project_id).await?;
        let before: Option<(String, bool)> =
            with_conn!(&mut tx, db => sqlx::query_as(BEFORE).bind(project_id).bind(id).fetch_optional(db).await?);
        let Some((name, was_active)) = before else {
            return Ok(false);
        };
        with_conn!(&mut tx, db => { sqlx::query(QUERY).bind(is_active).bind(project_id).bind(id).execute(db).await?; });
        if was_active != is_active {
            let state = |is_active| json!({"name": name, "is_active": is_active});
            let draft = AuditDraft::new(by, "key.update", id).before(state(was_active)).after(state(is_active));
            tx.record(Some(project_id), &draft).await?;
        }
        tx.announce(&Invalidation::KeySwitched(id.to_owned())).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The id, project and name of a key, found by its id or its hash.
    pub(crate) async fn find_key(
        &self,
        id: &str,
        hash: Option<&KeyHash>,
    ) -> Result<Option<(String, String, String)>, Error> {
        const QUERY: &str = "SELECT id, project_id, name FROM api_keys WHERE id = $1 OR key_hash = $2";
        let hash = hash.map(|hash| &hash[..]);
        Ok(with_conn!(&mut self.reader().await?, db => {
            sqlx::query_as(QUERY).bind(id).bind(hash).fetch_optional(db).await?
        }))
    }

    /// Deletes a key; `false` if there was none.
    pub(crate) async fn delete_key(&self, project_id: &str, id: &str, by: &Actor) -> Result<bool, Error> {
        const QUERY: &str = "DELETE FROM api_keys WHERE project_id = $1 AND id = $2 RETURNING name";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let name: Option<String> = with_conn!(&mut tx, db => {
            sqlx::query_scalar(QUERY).bind(project_id).bind(id).fetch_optional(db).await?
        });
        let Some(name) = name else {
            return Ok(false);
        };
        tx.record(Some(project_id), &AuditDraft::new(by, "key.revoke", id).before(json!({"name": name}))).await?;
        tx.announce(&Invalidation::KeyRevoked(id.to_owned())).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Records the last uses of keys, by their ids. Never overwrites a later use recorded by another node.
    pub(crate) async fn keys_were_used(&self, uses: &mut [(String, Micros)]) -> Result<(), Error> {
        // Lock in id order, as other nodes do, so that they can't deadlock.
        uses.sort_unstable();
        for uses in uses.chunks(USES_PER_STATEMENT) {
            let mut writer = self.writer().await?;
            let mut tx = writer.begin().await?;
            record_uses(&mut tx, uses).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

async fn record_uses(tx: &mut Tx<'_>, uses: &[(String, Micros)]) -> Result<(), Error> {
    const ONE: &str =
        "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
    const ALL: &str = "WITH used AS (SELECT id, at FROM UNNEST($1::text[], $2::bigint[]) AS used (id, at)),
                            locked AS (SELECT id FROM api_keys WHERE id IN (SELECT id FROM used) ORDER BY id FOR NO KEY UPDATE)
                       UPDATE api_keys SET last_used_at = GREATEST(last_used_at, at) FROM used JOIN locked USING (id)
                       WHERE api_keys.id = used.id";
    match tx {
        Tx::Sqlite(tx) => {
            for (id, at) in uses {
                sqlx::query(ONE).bind(at).bind(id).execute(&mut **tx).await?;
            }
        }
        Tx::Postgres(tx) => {
            let ids: Vec<&str> = uses.iter().map(|(id, _)| id.as_str()).collect();
            let times: Vec<Micros> = uses.iter().map(|&(_, at)| at).collect();
            sqlx::query(ALL).bind(ids).bind(times).execute(&mut **tx).await?;
        }
    }
    Ok(())
}
