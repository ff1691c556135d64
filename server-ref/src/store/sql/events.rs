//! The event log: reading it page by page, and pruning it.

use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use super::contents::raw;
use super::{Backend, Store, Tx, with_conn};
use crate::Error;
use crate::store::EventPage;

/// The size in bytes at which a page ends early, so that an answer stays within a client's limits.
const PAGE_BYTES_MAX: usize = 512 * 1024;
/// Rows deleted per transaction, so that writers don't wait long.
const PRUNED_ROWS_PER_TRANSACTION: i64 = 1000;

impl Store {
    /// The newest event id of a project; `None` if there is no such project.
    pub(crate) async fn event_head(&self, project_id: &str) -> Result<Option<i64>, Error> {
        const QUERY: &str = "SELECT event_head FROM projects WHERE id = $1 AND deleted_at IS NULL";
        Ok(
            with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(QUERY).bind(project_id).fetch_optional(db).await?),
        )
    }

    /// The newest ids of these projects, for those that exist. `None`: nobody else writes this database.
    pub(crate) async fn event_heads(&self, project_ids: &[String]) -> Result<Option<Vec<(String, i64)>>, Error> {
        const QUERY: &str = "SELECT id, event_head FROM projects WHERE id = ANY($1) AND deleted_at IS NULL";
        match &self.inner.database {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(database) => {
                Ok(Some(sqlx::query_as(QUERY).bind(project_ids).fetch_all(&database.pool).await?))
            }
        }
    }

    /// Events after `after`, oldest first: at most `limit`, and fewer when they are large, but at least one.
    pub(crate) async fn events_after(&self, project_id: &str, after: i64, limit: i64) -> Result<EventPage, Error> {
        const BOUNDS: &str = "SELECT event_head, (SELECT MIN(event_id) FROM events WHERE project_id = id)
                              FROM projects WHERE id = $1 AND deleted_at IS NULL";
        let mut reader = self.reader_of(project_id).await?;
        // One snapshot, so that head, oldest and the events agree while others write and prune.
        let mut tx = reader.snapshot().await?;
        let bounds: Option<(i64, Option<i64>)> =
            with_conn!(&mut tx, db => sqlx::query_as(BOUNDS).bind(project_id).fetch_optional(db).await?);
        let (head, held) = bounds.ok_or(Error::NotFound("Project"))?;
        // Events that pruning has not reached yet count as gone: `oldest` must not depend on its timing.
        let bound = match i64::try_from(self.inner.retention.max_events) {
            Ok(max) if max > 0 => (head - max + 1).max(1),
            _ => 1,
        };
        let oldest = held.unwrap_or(head + 1).max(bound);
        let from = after.saturating_add(1).max(oldest);
        let mut events = Vec::new();
        for (name, data) in page(&mut tx, project_id, from, limit).await? {
            events.push((name, raw(data)?));
        }
        tx.commit().await?;
        Ok(EventPage { events, head, oldest })
    }

    /// Deletes the events beyond the log's bounds, and returns their number.
    pub(crate) async fn prune_events(&self) -> Result<u64, Error> {
        const QUERY: &str = "SELECT id, event_head FROM projects WHERE deleted_at IS NULL";
        let mut pruned = 0;
        let projects: Vec<(String, i64)> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).fetch_all(db).await?);
        let retention = self.inner.retention;
        let max_events = i64::try_from(retention.max_events).unwrap_or(0);
        let max_age = i64::try_from(retention.max_age.as_micros()).unwrap_or(0);
        let now = self.clock().await?;
        for (project_id, head) in projects {
            if max_events > 0 {
                let before = head - max_events + 1;
                pruned += self.prune_project(&project_id, before, i64::MIN).await?;
            }
            if max_age > 0 {
                pruned += self.prune_project(&project_id, i64::MIN, now - max_age).await?;
            }
        }
        Ok(pruned)
    }

    /// Deletes from the oldest end while events are below the id or older than the time.
    async fn prune_project(&self, project_id: &str, before_id: i64, before: i64) -> Result<u64, Error> {
        // A prefix goes, never a part of the middle, even when the clock jumped.
        const QUERY: &str = "DELETE FROM events WHERE project_id = $1 AND event_id <= (
                                 SELECT MAX(event_id) FROM (
                                     SELECT event_id, created_at FROM events
                                     WHERE project_id = $1 ORDER BY event_id LIMIT $4) AS oldest
                                 WHERE event_id < $2 OR created_at < $3)";
        let mut pruned = 0;
        loop {
            let deleted = with_conn!(&mut self.writer().await?, db => {
                let query = sqlx::query(QUERY).bind(project_id).bind(before_id).bind(before).bind(PRUNED_ROWS_PER_TRANSACTION);
                query.execute(db).await?.rows_affected()
            });
            pruned += deleted;
            if deleted < PRUNED_ROWS_PER_TRANSACTION.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}

/// Names and payloads.
async fn page(tx: &mut Tx<'_>, project_id: &str, from: i64, limit: i64) -> Result<Vec<(String, String)>, Error> {
    const QUERY: &str =
        "SELECT name, data FROM events WHERE project_id = $1 AND event_id >= $2 ORDER BY event_id LIMIT $3";
    let mut events = Vec::new();
    let mut bytes = 0;
    with_conn!(tx, db => {
        let mut rows = sqlx::query(QUERY).bind(project_id).bind(from).bind(limit).fetch(db);
        while let Some(row) = rows.try_next().await? {
            let (name, data): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            bytes += name.len() + data.len();
            if !events.is_empty() && bytes > PAGE_BYTES_MAX {
                break;
            }
            events.push((name, data));
        }
    });
    Ok(events)
}
