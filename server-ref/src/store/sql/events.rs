//! Reading and pruning the event log.

use futures_util::TryStreamExt as _;
use sqlx::Row as _;

use super::contents::raw_json;
use super::{Backend, Store, Tx, with_conn};
use crate::Error;
use crate::store::EventPage;

/// Size in bytes at which a page ends early, so that a reply stays within the size limits of
/// clients.
const PAGE_BYTES_MAX: usize = 512 * 1024;
/// Maximum number of rows deleted per transaction, kept small so that other writers don't wait long.
const PRUNED_ROWS_PER_TRANSACTION_MAX: i64 = 1000;

impl Store {
    /// Returns the id of a project's newest event, or `None` if the project does not exist.
    pub(crate) async fn event_head(&self, project_id: &str) -> Result<Option<i64>, Error> {
        const SELECT_HEAD: &str = "SELECT event_head FROM projects WHERE id = $1 AND deleted_at IS NULL";
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(SELECT_HEAD).bind(project_id).fetch_optional(db).await?),
        )
    }

    /// Returns the newest event id of each given project that exists. Returns `None` on SQLite, where no other node can have
    /// written events.
    pub(crate) async fn event_heads_if_postgres(
        &self,
        project_ids: &[String],
    ) -> Result<Option<Vec<(String, i64)>>, Error> {
        const SELECT_HEADS: &str = "SELECT id, event_head FROM projects WHERE id = ANY($1) AND deleted_at IS NULL";
        match &self.inner.database {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(database) => {
                Ok(Some(sqlx::query_as(SELECT_HEADS).bind(project_ids).fetch_all(&database.write_pool).await?))
            }
        }
    }

    /// Returns the events with ids greater than `after`, oldest first.
    ///
    /// The page contains at most `limit` events. It contains fewer if the events are large, but at least one if the log contains any event
    /// after `after`.
    pub(crate) async fn events_after(&self, project_id: &str, after: i64, limit: i64) -> Result<EventPage, Error> {
        const SELECT_LOG_BOUNDS: &str = "SELECT event_head, (SELECT MIN(event_id) FROM events WHERE project_id = id)
                              FROM projects WHERE id = $1 AND deleted_at IS NULL";
        let mut connection = self.project_read_connection(project_id).await?;
        // In a snapshot, `head`, `oldest` and the events stay consistent while other transactions write and prune.
        let mut tx = connection.begin_snapshot().await?;
        let bounds: Option<(i64, Option<i64>)> =
            with_conn!(&mut tx, db => sqlx::query_as(SELECT_LOG_BOUNDS).bind(project_id).fetch_optional(db).await?);
        let (head, held) = bounds.ok_or(Error::NotFound("Project"))?;
        // Events that exceed `max_events` count as deleted even before they are pruned, so that `oldest` does not depend on when
        // they are pruned.
        let bound = match i64::try_from(self.inner.retention.max_events) {
            Ok(max) if max > 0 => (head - max + 1).max(1),
            _ => 1,
        };
        let oldest = held.unwrap_or(head + 1).max(bound);
        let from = after.saturating_add(1).max(oldest);
        let mut events = Vec::new();
        for (name, data) in read_page(&mut tx, project_id, from, limit).await? {
            events.push((name, raw_json(data)?));
        }
        tx.commit().await?;
        Ok(EventPage { events, head, oldest })
    }

    /// Deletes the events that exceed the retention limits, and returns their number.
    pub(crate) async fn prune_events(&self) -> Result<u64, Error> {
        const SELECT_HEADS: &str = "SELECT id, event_head FROM projects WHERE deleted_at IS NULL";
        let mut pruned = 0;
        let projects: Vec<(String, i64)> =
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_HEADS).fetch_all(db).await?);
        let retention = self.inner.retention;
        let max_events = i64::try_from(retention.max_events).unwrap_or(0);
        let max_age = i64::try_from(retention.max_age.as_micros()).unwrap_or(0);
        let now = self.database_time().await?;
        for (project_id, head) in projects {
            if max_events > 0 {
                let before = head - max_events + 1;
                pruned += self.prune_project_events(&project_id, before, i64::MIN).await?;
            }
            if max_age > 0 {
                pruned += self.prune_project_events(&project_id, i64::MIN, now - max_age).await?;
            }
        }
        Ok(pruned)
    }

    /// Deletes a prefix of a project's log: the events with ids below `before_id` or times before `before_time`, and all events
    /// that precede them.
    async fn prune_project_events(&self, project_id: &str, before_id: i64, before_time: i64) -> Result<u64, Error> {
        // The statement always deletes a prefix of the log, even if a change to the clock has put creation times out of order.
        const DELETE_OLD_EVENTS: &str = "DELETE FROM events WHERE project_id = $1 AND event_id <= (
                                 SELECT MAX(event_id) FROM (
                                     SELECT event_id, created_at FROM events
                                     WHERE project_id = $1 ORDER BY event_id LIMIT $4) AS oldest
                                 WHERE event_id < $2 OR created_at < $3)";
        let mut pruned = 0;
        loop {
            let deleted = with_conn!(&mut self.write_connection().await?, db => {
                let query = sqlx::query(DELETE_OLD_EVENTS).bind(project_id).bind(before_id).bind(before_time).bind(PRUNED_ROWS_PER_TRANSACTION_MAX);
                query.execute(db).await?.rows_affected()
            });
            pruned += deleted;
            if deleted < PRUNED_ROWS_PER_TRANSACTION_MAX.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}

/// Reads the names and payloads of one page of events, starting with the event id `from`.
async fn read_page(tx: &mut Tx<'_>, project_id: &str, from: i64, limit: i64) -> Result<Vec<(String, String)>, Error> {
    const SELECT_EVENTS: &str =
        "SELECT name, data FROM events WHERE project_id = $1 AND event_id >= $2 ORDER BY event_id LIMIT $3";
    let mut events = Vec::new();
    let mut bytes = 0;
    with_conn!(tx, db => {
        let mut rows = sqlx::query(SELECT_EVENTS).bind(project_id).bind(from).bind(limit).fetch(db);
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
