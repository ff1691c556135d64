//! Storage of idempotency keys. The `commit` module writes most keys, each together with the change that its request makes.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{PgConnection, QueryBuilder, Sqlite, SqliteConnection};

use super::bulk_insert::power_of_two_chunks;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::commit_state::IdempotencyId;
use crate::store::idempotency::{ALL_PROJECTS_ID, EVENTS_WITH_IDEMPOTENCY_KEYS_MAX, IDEMPOTENCY_KEY_LIFETIME};
use crate::store::{IdempotencyKey, IdempotencyRecord, ProjectChange};
use crate::time::{Micros, now};

/// Maximum number of rows deleted per transaction, kept small so that other writers don't wait long.
const PRUNED_ROWS_PER_TRANSACTION_MAX: i64 = 1000;

/// A change, the key and answer to be stored for it, and the id of the project's newest event after the change.
pub(super) type NewKeyRow<'a> = (&'a ProjectChange, &'a IdempotencyRecord, i64);

impl Store {
    /// Returns the stored answer for a repeated request.
    ///
    /// # Errors
    /// Returns [`Error::IdempotencyMismatch`] if the key was used for another request.
    pub(crate) async fn idempotent_answer(
        &self,
        project_id: &str,
        request: &IdempotencyKey,
    ) -> Result<Option<String>, Error> {
        let mut connection = self.read_connection().await?;
        let mut tx = connection.begin_snapshot().await?;
        let found = find_answer(&mut tx, project_id, request).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Deletes the keys that are too old or that do not belong to a project's newest events, and returns their number.
    pub(crate) async fn prune_idempotency_keys(&self) -> Result<u64, Error> {
        const SELECT_EVENT_HEADS: &str = "SELECT id, event_head FROM projects WHERE deleted_at IS NULL";
        let before_time = self.database_time().await? - IDEMPOTENCY_KEY_LIFETIME;
        let mut projects: Vec<(String, i64)> = with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_EVENT_HEADS).fetch_all(db).await?);
        projects.push((ALL_PROJECTS_ID.to_owned(), 0));
        let mut pruned = 0;
        for (project_id, head) in projects {
            let before_event = head - EVENTS_WITH_IDEMPOTENCY_KEYS_MAX + 1;
            pruned += self.prune_project_idempotency_keys(&project_id, before_event, before_time).await?;
        }
        Ok(pruned)
    }

    /// Deletes a project's keys that belong to events with ids below `before_event` or were created before `before_time`.
    async fn prune_project_idempotency_keys(
        &self,
        project_id: &str,
        before_event: i64,
        before_time: Micros,
    ) -> Result<u64, Error> {
        const DELETE_OLD_KEYS: &str = "DELETE FROM idempotency_keys WHERE project_id = $1 AND key IN (
                                 SELECT key FROM (
                                     SELECT key, event_id, created_at FROM idempotency_keys
                                     WHERE project_id = $1 ORDER BY event_id LIMIT $4) AS oldest
                                 WHERE event_id < $2 OR created_at < $3)";
        let mut pruned = 0;
        loop {
            let deleted = with_conn!(&mut self.write_connection().await?, db => {
                let query = sqlx::query(DELETE_OLD_KEYS).bind(project_id).bind(before_event).bind(before_time);
                query.bind(PRUNED_ROWS_PER_TRANSACTION_MAX).execute(db).await?.rows_affected()
            });
            pruned += deleted;
            if deleted < PRUNED_ROWS_PER_TRANSACTION_MAX.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}

/// Stores the key of a request whose change is not written by `commit`. If the key is already stored, returns the stored answer,
/// or an error if another request used the key. Waits for concurrent transactions that store the same key.
pub(super) async fn claim_key(
    tx: &mut Tx<'_>,
    project_id: &str,
    record: &IdempotencyRecord,
    at: Micros,
) -> Result<Option<String>, Error> {
    const DELETE_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE project_id = $1 AND key = $2 AND created_at < $3";
    const INSERT_KEY: &str = "INSERT INTO idempotency_keys (project_id, key, fingerprint, answer, event_id, created_at)
                         VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (project_id, key) DO NOTHING";
    let key = &record.key;
    let inserted = with_conn!(&mut *tx, db => {
        let query = sqlx::query(DELETE_EXPIRED).bind(project_id).bind(&*key.key).bind(at - IDEMPOTENCY_KEY_LIFETIME);
        query.execute(&mut *db).await?;
        let query = sqlx::query(INSERT_KEY).bind(project_id).bind(&*key.key).bind(&key.fingerprint[..]);
        query.bind(&record.answer).bind(at).execute(db).await?.rows_affected()
    });
    if inserted > 0 { Ok(None) } else { find_answer(tx, project_id, key).await }
}

/// Returns the stored answer for a repeated request.
async fn find_answer(tx: &mut Tx<'_>, project_id: &str, request: &IdempotencyKey) -> Result<Option<String>, Error> {
    let id: IdempotencyId = (project_id.into(), request.key.clone());
    let found = load_records(tx, &[(&id, now())]).await?;
    found.get(&id).map(|record| record.replay(request)).transpose()
}

/// Loads the records of the given keys. Each key is given with the time of its request; keys that had expired by then are omitted.
pub(super) async fn load_records(
    tx: &mut Tx<'_>,
    ids: &[(&IdempotencyId, Micros)],
) -> Result<HashMap<IdempotencyId, IdempotencyRecord>, Error> {
    const SELECT_KEYS: &str = "SELECT project_id, key, fingerprint, answer, created_at FROM idempotency_keys
                         WHERE (project_id, key) IN (";
    let mut found = HashMap::new();
    for ids in power_of_two_chunks(ids) {
        let rows: Vec<(String, String, Vec<u8>, String, Micros)> = with_conn!(&mut *tx, db => {
            let mut query = QueryBuilder::new(SELECT_KEYS);
            query.push_values(ids, |mut row, ((project_id, key), _)| {
                row.push_bind(project_id.to_string()).push_bind(key.to_string());
            });
            query.push(")").build_query_as().fetch_all(db).await?
        });
        for (project_id, key, fingerprint, answer, created_at) in rows {
            let key: Arc<str> = key.into();
            let id = (project_id.into(), key.clone());
            let requested_at = ids.iter().find(|(requested, _)| **requested == id).map_or(0, |&(_, at)| at);
            let fingerprint =
                fingerprint.try_into().map_err(|_| Error::Internal("invalid fingerprint in the database".into()))?;
            if created_at >= requested_at - IDEMPOTENCY_KEY_LIFETIME {
                found.insert(id, IdempotencyRecord { key: IdempotencyKey { key, fingerprint }, answer });
            }
        }
    }
    Ok(found)
}

/// Stores keys, and replaces those that have expired.
pub(super) async fn insert_records(tx: &mut Tx<'_>, rows: &[NewKeyRow<'_>]) -> Result<(), Error> {
    match tx {
        Tx::Sqlite(tx) => insert_into_sqlite(tx, rows).await?,
        Tx::Postgres(tx) => insert_into_postgres(tx, rows).await?,
    }
    Ok(())
}

/// The given INSERT with a clause that makes it replace existing keys.
macro_rules! insert_or_replace {
    ($insert:literal) => {
        concat!(
            $insert,
            " ON CONFLICT (project_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer, \
             event_id = excluded.event_id, created_at = excluded.created_at"
        )
    };
}

async fn insert_into_sqlite(tx: &mut SqliteConnection, rows: &[NewKeyRow<'_>]) -> sqlx::Result<()> {
    const INSERT_KEYS: &str =
        "INSERT INTO idempotency_keys (project_id, key, fingerprint, answer, event_id, created_at) ";
    const OR_REPLACE_KEYS: &str = insert_or_replace!("");
    for rows in power_of_two_chunks(rows) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_KEYS);
        query.push_values(rows, |mut row, (change, IdempotencyRecord { key, answer }, event_id)| {
            row.push_bind(change.project_id.to_string())
                .push_bind(key.key.to_string())
                .push_bind(key.fingerprint.to_vec())
                .push_bind(answer.clone())
                .push_bind(*event_id)
                .push_bind(change.at);
        });
        query.push(OR_REPLACE_KEYS).build().execute(&mut *tx).await?;
    }
    Ok(())
}

async fn insert_into_postgres(tx: &mut PgConnection, rows: &[NewKeyRow<'_>]) -> sqlx::Result<()> {
    const INSERT_KEYS: &str = insert_or_replace!(
        "INSERT INTO idempotency_keys (project_id, key, fingerprint, answer, event_id, created_at)
         SELECT * FROM UNNEST($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[])"
    );
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT_KEYS)
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

    fn keyed_change(project_id: &Arc<str>, key: &str, body: &str, at: Micros) -> ProjectChange {
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

    async fn commit_and_list_repeated(store: &Store, changes: &[ProjectChange]) -> Vec<usize> {
        let CommitOutcome::Done(committed) = store.commit(changes).await.unwrap() else {
            panic!("the outcome of the commit must be known")
        };
        assert!(committed.failures.values().all(|error| matches!(error, Error::IdempotencyMismatch)));
        assert_eq!(
            committed.batch.events.len() + committed.repeated_answers.len() + committed.failures.len(),
            changes.len()
        );
        let mut repeated: Vec<usize> = committed.repeated_answers.keys().copied().collect();
        repeated.sort_unstable();
        repeated
    }

    #[tokio::test]
    async fn a_key_takes_effect_once_within_and_across_groups_until_it_expires() {
        let (store, _folder) = empty_store().await;
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        let at = now();
        let group = ["a", "b", "a"].map(|key| keyed_change(&project, key, "x", at));
        assert_eq!(commit_and_list_repeated(&store, &group).await, [2]);
        assert_eq!(
            commit_and_list_repeated(
                &store,
                &[keyed_change(&project, "a", "x", at), keyed_change(&project, "c", "x", at)]
            )
            .await,
            [0]
        );
        // Reusing a key with another body fails without affecting the rest of the group.
        assert_eq!(
            commit_and_list_repeated(
                &store,
                &[keyed_change(&project, "a", "y", at), keyed_change(&project, "b", "x", at)]
            )
            .await,
            [1]
        );
        let key = IdempotencyKey::new("a", "/", b"x");
        assert_eq!(store.idempotent_answer(&project, &key).await.unwrap().unwrap(), r#""x""#);
        assert!(store.idempotent_answer("another", &key).await.unwrap().is_none());

        let later = at + IDEMPOTENCY_KEY_LIFETIME + 1;
        assert_eq!(commit_and_list_repeated(&store, &[keyed_change(&project, "a", "y", later)]).await, [0; 0]);
        assert_eq!(commit_and_list_repeated(&store, &[keyed_change(&project, "a", "y", later)]).await, [0]);
        store.close().await;
    }

    #[tokio::test]
    async fn keys_that_are_expired_or_beyond_the_newest_events_are_pruned() {
        let (store, _folder) = empty_store().await;
        let project: Arc<str> = store.create_project("A project", None, &Actor::system()).await.unwrap().into();
        let old = now() - IDEMPOTENCY_KEY_LIFETIME - 1;
        for (key, at) in [("a", old), ("b", old), ("c", now())] {
            commit_and_list_repeated(&store, &[keyed_change(&project, key, "x", at)]).await;
        }
        assert_eq!(store.prune_idempotency_keys().await.unwrap(), 2);
        assert_eq!(store.prune_idempotency_keys().await.unwrap(), 0);
        // Key `c` belongs to event 3.
        assert_eq!(store.prune_project_idempotency_keys(&project, 3, 0).await.unwrap(), 0);
        assert_eq!(store.prune_project_idempotency_keys(&project, 4, 0).await.unwrap(), 1);
        store.close().await;
    }
}
