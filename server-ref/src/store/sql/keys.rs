//! Storage of API keys.

use serde_json::json;

use super::{Store, Tx, nul_tolerant_text, with_conn};
use crate::Error;
use crate::ids::{CredentialHash, random_id};
use crate::store::{Actor, AuditDraft, Invalidation, KeyDraft, KeyInfo, KeyVerifiers, StoredKey};
use crate::time::{Micros, now};

/// Maximum number of key uses recorded in one transaction.
const KEY_USES_PER_TRANSACTION_MAX: usize = 256;

/// A query for [`StoredKey`]s.
macro_rules! select_stored_keys {
    ($which:literal) => {
        concat!(
            "SELECT id, name, project_id, scopes, allowed_origins, is_active, expires_at, requests_per_minute, last_used_at,
                    token_key
             FROM api_keys ",
            $which
        )
    };
}

/// A query for the [`KeyInfo`]s of a project.
macro_rules! select_key_infos {
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
        verifiers: KeyVerifiers,
        by: &Actor,
    ) -> Result<KeyInfo, Error> {
        const INSERT_KEY: &str =
            "INSERT INTO api_keys (id, project_id, name, key_hash, scopes, allowed_origins, expires_at,
                                                   requests_per_minute, created_by, token_key, created_at)
                             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        nul_tolerant_text::reject_nul("name", &key.name)?;
        let id = random_id();
        let after = key.audit_state();
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        with_conn!(&mut tx, db => {
            let query = sqlx::query(INSERT_KEY).bind(&id).bind(project_id).bind(key.name).bind(&verifiers.hash[..]);
            let query = query.bind(key.scopes.to_string()).bind(key.allowed_origins.to_string()).bind(key.expires_at);
            let query = query.bind(key.requests_per_minute);
            query.bind(key.creator_id).bind(verifiers.token_public_key).bind(now()).execute(db).await?;
        });
        tx.record_audit(Some(project_id), &AuditDraft::new(by, "key.create", &id).with_after(after)).await?;
        tx.commit().await?;
        drop(connection);
        self.key(project_id, &id).await?.ok_or(Error::NotFound("Key"))
    }

    pub(crate) async fn key_by_hash(&self, hash: &CredentialHash) -> Result<Option<StoredKey>, Error> {
        const SELECT_KEY_BY_HASH: &str = select_stored_keys!("WHERE key_hash = $1");
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_KEY_BY_HASH).bind(&hash[..]).fetch_optional(db).await?
        }))
    }

    pub(crate) async fn key_by_id(&self, id: &str) -> Result<Option<StoredKey>, Error> {
        const SELECT_KEY_BY_ID: &str = select_stored_keys!("WHERE id = $1");
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_KEY_BY_ID).bind(id).fetch_optional(db).await?
        }))
    }

    /// Returns the keys of a project, oldest first.
    pub(crate) async fn keys(&self, project_id: &str) -> Result<Vec<KeyInfo>, Error> {
        const SELECT_KEYS: &str = select_key_infos!("ORDER BY api_keys.created_at, api_keys.id");
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_KEYS).bind(project_id).fetch_all(db).await?
        }))
    }

    pub(crate) async fn key(&self, project_id: &str, id: &str) -> Result<Option<KeyInfo>, Error> {
        const SELECT_KEY: &str = select_key_infos!("AND api_keys.id = $2");
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_KEY).bind(project_id).bind(id).fetch_optional(db).await?
        }))
    }

    /// Stores the public key that verifies the tokens of an API key. Only API keys that are older than the token feature need
    /// this call.
    pub(crate) async fn set_token_public_key(&self, id: &str, token_public_key: &[u8]) -> Result<(), Error> {
        const UPDATE_TOKEN_KEY: &str = "UPDATE api_keys SET token_key = $1 WHERE id = $2";
        with_conn!(&mut self.write_connection().await?, db => { sqlx::query(UPDATE_TOKEN_KEY).bind(token_public_key).bind(id).execute(db).await?; });
        Ok(())
    }

    /// Switches a key on or off. Returns false if the key does not exist.
    pub(crate) async fn set_key_active(
        &self,
        project_id: &str,
        id: &str,
        is_active: bool,
        by: &Actor,
    ) -> Result<bool, Error> {
        const SELECT_KEY_BEFORE: &str = "SELECT name, is_active FROM api_keys WHERE project_id = $1 AND id = $2";
        const UPDATE_IS_ACTIVE: &str = "UPDATE api_keys SET is_active = $1 WHERE project_id = $2 AND id = $3";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        tx.lock_project(project_id).await?;
        let before: Option<(String, bool)> = with_conn!(&mut tx, db => sqlx::query_as(SELECT_KEY_BEFORE).bind(project_id).bind(id).fetch_optional(db).await?);
        let Some((name, was_active)) = before else {
            return Ok(false);
        };
        with_conn!(&mut tx, db => { sqlx::query(UPDATE_IS_ACTIVE).bind(is_active).bind(project_id).bind(id).execute(db).await?; });
        if was_active != is_active {
            let state = |is_active| json!({"name": name, "is_active": is_active});
            let draft =
                AuditDraft::new(by, "key.update", id).with_before(state(was_active)).with_after(state(is_active));
            tx.record_audit(Some(project_id), &draft).await?;
        }
        tx.announce(&Invalidation::KeyToggled(id.to_owned())).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns the id, project id and name of the key with this id or hash.
    pub(crate) async fn key_by_id_or_hash(
        &self,
        id: &str,
        hash: Option<&CredentialHash>,
    ) -> Result<Option<(String, String, String)>, Error> {
        const SELECT_KEY_IDENTITY: &str = "SELECT id, project_id, name FROM api_keys WHERE id = $1 OR key_hash = $2";
        let hash = hash.map(|hash| &hash[..]);
        Ok(with_conn!(&mut self.read_connection().await?, db => {
            sqlx::query_as(SELECT_KEY_IDENTITY).bind(id).bind(hash).fetch_optional(db).await?
        }))
    }

    /// Deletes a key. Returns false if the key does not exist.
    pub(crate) async fn delete_key(&self, project_id: &str, id: &str, by: &Actor) -> Result<bool, Error> {
        const DELETE_KEY: &str = "DELETE FROM api_keys WHERE project_id = $1 AND id = $2 RETURNING name";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let name: Option<String> = with_conn!(&mut tx, db => {
            sqlx::query_scalar(DELETE_KEY).bind(project_id).bind(id).fetch_optional(db).await?
        });
        let Some(name) = name else {
            return Ok(false);
        };
        tx.record_audit(Some(project_id), &AuditDraft::new(by, "key.revoke", id).with_before(json!({"name": name})))
            .await?;
        tx.announce(&Invalidation::KeyRevoked(id.to_owned())).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Records when keys were last used. `uses` contains pairs of a key's id and a time. A later time that another node has recorded
    /// is not overwritten.
    pub(crate) async fn record_key_uses(&self, uses: &mut [(String, Micros)]) -> Result<(), Error> {
        // All nodes lock keys in the order of their ids, so that they can't deadlock.
        uses.sort_unstable();
        for uses in uses.chunks(KEY_USES_PER_TRANSACTION_MAX) {
            let mut connection = self.write_connection().await?;
            let mut tx = connection.begin_write().await?;
            update_last_uses(&mut tx, uses).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

async fn update_last_uses(tx: &mut Tx<'_>, uses: &[(String, Micros)]) -> Result<(), Error> {
    const UPDATE_ONE_KEY: &str =
        "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
    const UPDATE_ALL_KEYS: &str = "WITH used AS (SELECT id, at FROM UNNEST($1::text[], $2::bigint[]) AS used (id, at)),
                            locked AS (SELECT id FROM api_keys WHERE id IN (SELECT id FROM used) ORDER BY id FOR NO KEY UPDATE)
                       UPDATE api_keys SET last_used_at = GREATEST(last_used_at, at) FROM used JOIN locked USING (id)
                       WHERE api_keys.id = used.id";
    match tx {
        Tx::Sqlite(tx) => {
            for (id, at) in uses {
                sqlx::query(UPDATE_ONE_KEY).bind(at).bind(id).execute(&mut **tx).await?;
            }
        }
        Tx::Postgres(tx) => {
            let ids: Vec<&str> = uses.iter().map(|(id, _)| id.as_str()).collect();
            let times: Vec<Micros> = uses.iter().map(|&(_, at)| at).collect();
            sqlx::query(UPDATE_ALL_KEYS).bind(ids).bind(times).execute(&mut **tx).await?;
        }
    }
    Ok(())
}
