//! The event log: reading it page by page, and forgetting what is too old.

use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use super::SqliteStore;
use super::contents::raw;
use crate::Error;
use crate::store::EventPage;
use crate::time::now;

/// A page ends early rather than growing beyond this, so that one answer stays within a client's limits.
const PAGE_BYTES: usize = 512 * 1024;
/// Rows deleted per transaction, so that writers don't wait long.
const PRUNE_ROWS: i64 = 1000;

impl SqliteStore {
    /// The newest event id given in a project; `None` if there is no such project.
    pub(crate) async fn event_head(&self, project_id: &str) -> Result<Option<i64>, Error> {
        let head = sqlx::query_scalar("SELECT event_head FROM projects WHERE id = ?")
            .bind(project_id)
            .fetch_optional(self.readers())
            .await?;
        Ok(head)
    }

    /// Events after `after`, oldest first: at most `limit`, and fewer when they are large, but at least one.
    pub(crate) async fn events_after(&self, project_id: &str, after: i64, limit: i64) -> Result<EventPage, Error> {
        // One snapshot, so that head, oldest and the events agree while others write and prune.
        let mut tx = self.readers().begin().await?;
        let (head, held): (i64, Option<i64>) = sqlx::query_as(
            "SELECT event_head, (SELECT MIN(event_id) FROM events WHERE project_id = id) FROM projects WHERE id = ?",
        )
        .bind(project_id)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(Error::NotFound("Project"))?;
        // What pruning has not reached yet is gone all the same: `oldest` must not depend on its timing.
        let bound = match i64::try_from(self.inner.retention.max_events) {
            Ok(max) if max > 0 => (head - max + 1).max(1),
            _ => 1,
        };
        let oldest = held.unwrap_or(head + 1).max(bound);
        let mut rows = sqlx::query(
            "SELECT name, data FROM events WHERE project_id = ? AND event_id >= ? ORDER BY event_id LIMIT ?",
        )
        .bind(project_id)
        .bind(after.saturating_add(1).max(oldest))
        .bind(limit)
        .fetch(&mut *tx);
        let mut events = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.try_next().await? {
            let (name, data): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            bytes += name.len() + data.len();
            if !events.is_empty() && bytes > PAGE_BYTES {
                break;
            }
            events.push((name, raw(data)?));
        }
        drop(rows);
        tx.commit().await?;
        Ok(EventPage { events, head, oldest })
    }

    /// Deletes the events that are beyond the log's bounds, and says how many.
    pub(crate) async fn prune_events(&self) -> Result<u64, Error> {
        let mut pruned = 0;
        let projects: Vec<(String, i64)> =
            sqlx::query_as("SELECT id, event_head FROM projects").fetch_all(self.readers()).await?;
        let retention = self.inner.retention;
        let max_events = i64::try_from(retention.max_events).unwrap_or(0);
        let max_age = i64::try_from(retention.max_age.as_micros()).unwrap_or(0);
        for (project_id, head) in projects {
            if max_events > 0 {
                let before = head - max_events + 1;
                pruned += self.prune_project(&project_id, before, i64::MIN).await?;
            }
            if max_age > 0 {
                pruned += self.prune_project(&project_id, i64::MIN, now() - max_age).await?;
            }
        }
        Ok(pruned)
    }

    /// Deletes from the oldest end while events are below the id or older than the time.
    async fn prune_project(&self, project_id: &str, before_id: i64, before: i64) -> Result<u64, Error> {
        let mut pruned = 0;
        loop {
            let deleted = sqlx::query(
                // A prefix goes, never a part of the middle, even when the clock jumped.
                "DELETE FROM events WHERE project_id = ?1 AND event_id <= (
                     SELECT MAX(event_id) FROM (
                         SELECT event_id, created_at FROM events WHERE project_id = ?1 ORDER BY event_id LIMIT ?4)
                     WHERE event_id < ?2 OR created_at < ?3)",
            )
            .bind(project_id)
            .bind(before_id)
            .bind(before)
            .bind(PRUNE_ROWS)
            .execute(&mut *self.writer().await?)
            .await?
            .rows_affected();
            pruned += deleted;
            if deleted < PRUNE_ROWS.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}
