//! Idempotency keys. They are written by `commit`, together with the change of their request.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{PgConnection, QueryBuilder, Sqlite, SqliteConnection};

use super::rows::pieces;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::commit_state::IdempotencyId;
use crate::store::idempotency::{ALL_PROJECTS, IDEMPOTENCY_KEY_EVENTS_MAX, IDEMPOTENCY_KEY_LIFETIME};
use crate::store::{IdempotencyKey, IdempotencyRecord, ProjectChange};
use crate::time::{Micros, now};

/// Rows deleted per transaction, so that writers don't wait long.
const PRUNED_ROWS_PER_TRANSACTION: i64 = 1000;

/// A key to be stored, its project, and the project's newest event.
pub(super) type NewKeyRow<'a> = (&'a ProjectChange, &'a IdempotencyRecord, i64);

impl Store {
    /// The answer to the request with this key, if it was answered before.
    ///
    /// # Errors
    /// If the key was used for another request.
    pub(crate) async fn idempotent_answer(
        &self,
        project_id: &str,
        request: &IdempotencyKey,
    ) -> Result<Option<String>, Error> {
        let mut reader = self.reader().await?;
        let mut tx = reader.snapshot().await?;
        let found = one(&mut tx, project_id, request).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Deletes the keys that are older than a day, or beyond a project's newest events, and returns their number.
    pub(crate) async fn prune_idempotency_keys(&self) -> Result<u64, Error> {
        const QUERY: &str = "SELECT id, event_head FROM projects WHERE deleted_at IS NULL";
        let before = self.clock().await? - IDEMPOTENCY_KEY_LIFETIME;
        let mut projects: Vec<(String, i64)> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).fetch_all(db).await?);
        projects.push((ALL_PROJECTS.to_owned(), 0));
        let mut pruned = 0;
        for (project_id, head) in projects {
            let before_event = head - IDEMPOTENCY_KEY_EVENTS_MAX + 1;
            pruned += self.prune_keys_of(&project_id, before_event, before).await?;
        }
        Ok(pruned)
    }

    /// Deletes a project's oldest keys while they belong to events below the id or are older than the time.
    async fn prune_keys_of(&self, project_id: &str, before_event: i64, before: Micros) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM idempotency_keys WHERE project_id = $1 AND key IN (
                                 SELECT key FROM (
                                     SELECT key, event_id, created_at FROM idempotency_keys
                                     WHERE project_id = $1 ORDER BY event_id LIMIT $4) AS oldest
                                 WHERE event_id < $2 OR created_at < $3)";
        let mut pruned = 0;
        loop {
            let deleted = with_conn!(&mut self.writer().await?, db => {
                let query = sqlx::query(QUERY).bind(project_id).bind(before_event).bind(before);
                query.bind(PRUNED_ROWS_PER_TRANSACTION).execute(db).await?.rows_affected()
            });
            pruned += deleted;
            if deleted < PRUNED_ROWS_PER_TRANSACTION.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}

/// Stores a key outside of `commit`. If it is stored already, returns the answer to its request; a transaction that stores the same
/// key at this moment is waited for.
pub(super) async fn claim(
    tx: &mut Tx<'_>,
    project_id: &str,
    record: &IdempotencyRecord,
    at: Micros,
) -> Result<Option<String>, Error> {
    const EXPIRED: &str = "DELETE FROM idempotency_keys WHERE project_id = $1 AND key = $2 AND created_at < $3";
    const QUERY: &str = "INSERT INTO idempotency_keys (project_id, key, fingerprint, answer, event_id, created_at)
                         VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (project_id, key) DO NOTHING";
    let key = &record.key;
    let inserted = with_conn!(&mut *tx, db => {
        let query = sqlx::query(EXPIRED).bind(project_id).bind(&*key.key).bind(at - IDEMPOTENCY_KEY_LIFETIME);
        query.execute(&mut *db).await?;
        let query = sqlx::query(QUERY).bind(project_id).bind(&*key.key).bind(&key.fingerprint[..]);
        query.bind(&record.answer).bind(at).execute(db).await?.rows_affected()
    });
    if inserted > 0 { Ok(None) } else { one(tx, project_id, key).await }
}

/// The answer to one request, within a transaction.
pub(super) async fn one(tx: &mut Tx<'_>, project_id: &str, request: &IdempotencyKey) -> Result<Option<String>, Error> {
    let id: IdempotencyId = (project_id.into(), request.key.clone());
    let found = load(tx, &[(&id, now())]).await?;
    found.get(&id).map(|record| record.replay(request)).transpose()
}

/// The keys of these that are stored and were not too old at the time of the request.
pub(super) async fn load(
    tx: &mut Tx<'_>,
    ids: &[(&IdempotencyId, Micros)],
) -> Result<HashMap<IdempotencyId, IdempotencyRecord>, Error> {
    const QUERY: &str = "SELECT project_id, key, fingerprint, answer, created_at FROM idempotency_keys
                         WHERE (project_id, key) IN (";
    let mut found = HashMap::new();
    for ids in pieces(ids) {
        let rows: Vec<(String, String, Vec<u8>, String, Micros)> = with_conn!(&mut *tx, db => {
            let mut query = QueryBuilder::new(QUERY);
            query.push_values(ids, |mut row, ((project_id, key), _)| {
                row.push_bind(project_id.to_string()).push_bind(key.to_string());
            });
            query.push(")").build_query_as().fetch_all(db).await?
        });
        for (project_id, key, fingerprint, answer, created_at) in rows {
            let key: Arc<str> = key.into();
            let id = (project_id.into(), key.clone());
            let asked_at = ids.iter().find(|(asked, _)| **asked == id).map_or(0, |&(_, at)| at);
            let fingerprint = fingerprint.try_into().map_err(|_| Error::Internal("a damaged fingerprint".into()))?;
            if created_at >= asked_at - IDEMPOTENCY_KEY_LIFETIME {
                found.insert(id, IdempotencyRecord { key: IdempotencyKey { key, fingerprint }, answer });
            }
        }
    }
    Ok(found)
}

/// Stores keys. One that was too old is replaced.
pub(super) async fn insert(tx: &mut Tx<'_>, rows: &[NewKeyRow<'_>]) -> Result<(), Error> {
    match tx {
        Tx::Sqlite(tx) => insert_rows(tx, rows).await?,
        Tx::Postgres(tx) => insert_columns(tx, rows).await?,
    }
    Ok(())
}

/// Replaces the key that exists.
macro_rules! or_replace {
    ($insert:literal) => {
        concat!(
            $insert,
            " ON CONFLICT (project_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer, \
             event_id = excluded.event_id, created_at = excluded.created_at"
        )
    };
}

async fn insert_rows(tx: &mut SqliteConnection, rows: &[NewKeyRow<'_>]) -> sqlx::Result<()> {
    const QUERY: &str = "INSERT INTO idempotency_keys (project_id, key, fingerprint, answer, event_id, created_at) ";
    const OR_REPLACE: &str = or_replace!("");
    for rows in pieces(rows) {
        let mut query = QueryBuilder::<Sqlite>::new(QUERY);
        query.push_values(rows, |mut row, (change, IdempotencyRecord { key, answer }, event_id)| {
            row.push_bind(change.project_id.to_string())
                .push_bind(key.key.to_string())
                .push_bind(key.fingerprint.to_vec())
                .push_bind(answer.clone())
                .push_bind(*event_id)
                .push_bind(change.at);
        });
        query.push(OR_REPLACE).build().execute(&mut *tx).await?;
    }
    Ok(())
}

async fn insert_columns(tx: &mut PgConnection, rows: &[NewKeyRow<'_>]) -> sqlx::Result<()> {
    const QUERY: &str = or_replace!(
        "INSERT INTO idempotency_keys (project_id, key, fingerprint, answer, event_id, created_at)
         SELECT * FROM UNNEST($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[])"
    );
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(QUERY)
        .bind(rows.iter().map(|(change, ..)| &*change.project_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, record, _)| &*record.key.key).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, record, _)| &record.key.fingerprint[..]).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, record, _)| record.answer.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|&(.., event_id)| event_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(change, ..)| change.at).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::tests::empty_store;
    use crate::store::{Actor, CommitOutcome, EventDraft, Mutation};

    fn change(project_id: &Arc<str>, key: &str, body: &str, at: Micros) -> ProjectChange {
        let record = IdempotencyKey::new(key, "/", body.as_bytes()).with_answer(&body).unwrap();
        ProjectChange {
            project_id: project_id.clone(),
            at,
            mutation: Mutation::Nothing,
            event: Some(EventDraft { name: "user_activity", payload: "{}".into() }),
            audit: None,
            idempotency: Some(record),
        }
    }

    async fn repeated(store: &Store, changes: &[ProjectChange]) -> Vec<usize> {
        let CommitOutcome::Done(committed) = store.commit(changes).await.unwrap() else {
            panic!("the database answers")
        };
        assert!(committed.failures.values().all(|error| matches!(error, Error::IdempotencyMismatch)));
        assert_eq!(committed.batch.events.len() + committed.repeated.len() + committed.failures.len(), changes.len());
        let mut repeated: Vec<usize> = committed.repeated.keys().copied().collect();
        repeated.sort_unstable();
        repeated
    }

    #[tokio::test]
    async fn a_key_counts_once_in_a_group_and_after_it_until_it_is_too_old() {
        let (store, _folder) = empty_store().await;
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        let at = now();
        let group = ["a", "b", "a"].map(|key| change(&project, key, "x", at));
        assert_eq!(repeated(&store, &group).await, [2]);
        assert_eq!(repeated(&store, &[change(&project, "a", "x", at), change(&project, "c", "x", at)]).await, [0]);
        // Another body fails alone.
        assert_eq!(repeated(&store, &[change(&project, "a", "y", at), change(&project, "b", "x", at)]).await, [1]);
        let key = IdempotencyKey::new("a", "/", b"x");
        assert_eq!(store.idempotent_answer(&project, &key).await.unwrap().unwrap(), r#""x""#);
        assert!(store.idempotent_answer("another", &key).await.unwrap().is_none());

        let later = at + IDEMPOTENCY_KEY_LIFETIME + 1;
        assert_eq!(repeated(&store, &[change(&project, "a", "y", later)]).await, [0; 0]);
        assert_eq!(repeated(&store, &[change(&project, "a", "y", later)]).await, [0]);
        store.close().await;
    }

    #[tokio::test]
    async fn old_keys_are_pruned() {
        let (store, _folder) = empty_store().await;
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        let old = now() - IDEMPOTENCY_KEY_LIFETIME - 1;
        for (key, at) in [("a", old), ("b", old), ("c", now())] {
            repeated(&store, &[change(&project, key, "x", at)]).await;
        }
        assert_eq!(store.prune_idempotency_keys().await.unwrap(), 2);
        assert_eq!(store.prune_idempotency_keys().await.unwrap(), 0);
        // Two more events push the key out of the newest two.
        assert_eq!(store.prune_keys_of(&project, 3, 0).await.unwrap(), 0);
        assert_eq!(store.prune_keys_of(&project, 4, 0).await.unwrap(), 1);
        store.close().await;
    }
}
