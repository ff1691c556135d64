//! Queries for items and for statistics about them.

use std::collections::HashMap;

use serde_json::value::RawValue;
use sqlx::QueryBuilder;

use super::nul_tolerant_text::NulTolerantText;
use super::rules::SELECT_ALL_RULES;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{
    Content, ContentPosition, OffsetPage, ProjectSnapshot, ProjectTotals, RecentDecision, Status, StatusCounts,
};
use crate::time::{Micros, rfc3339};

#[derive(sqlx::FromRow)]
pub(super) struct ContentRow {
    pub(super) id: String,
    project_id: String,
    content_type: String,
    pub(super) content_data: NulTolerantText,
    pub(super) meta_data: Option<String>,
    status: String,
    pub(super) created_at: Micros,
    updated_at: Micros,
}

/// A query for the [`ContentRow`]s of a project.
macro_rules! select_contents {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, content_type, content_data, meta_data, status, created_at, updated_at ",
            "FROM contents WHERE project_id = $1 ",
            $rest
        )
    };
}

pub(super) use select_contents;

impl Store {
    pub(crate) async fn content(&self, project_id: &str, id: &str) -> Result<Option<Content>, Error> {
        const SELECT_ITEM: &str = select_contents!("AND id = $2");
        let row: Option<ContentRow> = with_conn!(&mut *self.project_read_connection(project_id).await?, db => {
            sqlx::query_as(SELECT_ITEM).bind(project_id).bind(id).fetch_optional(db).await?
        });
        Ok(self.attach_results(project_id, row.into_iter().collect()).await?.pop())
    }

    /// Returns a page of items, newest first.
    pub(crate) async fn contents_by_offset(
        &self,
        project_id: &str,
        status: Option<Status>,
        limit: i64,
        offset: i64,
    ) -> Result<OffsetPage, Error> {
        const SELECT_ITEMS: &str = select_contents!("ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3");
        const SELECT_ITEMS_WITH_STATUS: &str =
            select_contents!("AND status = $4 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3");
        let counts = self.status_counts(project_id).await?;
        let total = status.map_or(counts.total(), |status| counts.count_of(status));
        let query = if status.is_some() { SELECT_ITEMS_WITH_STATUS } else { SELECT_ITEMS };
        let rows: Vec<ContentRow> = with_conn!(&mut *self.project_read_connection(project_id).await?, db => {
            let query = sqlx::query_as(query).bind(project_id).bind(limit).bind(offset);
            let query = match status {
                Some(status) => query.bind(status.as_str()),
                None => query,
            };
            query.fetch_all(db).await?
        });
        let last_position = rows.last().map(|row| ContentPosition { created_at: row.created_at, id: row.id.clone() });
        Ok(OffsetPage { contents: self.attach_results(project_id, rows).await?, total, last_position })
    }

    pub(crate) async fn status_counts(&self, project_id: &str) -> Result<StatusCounts, Error> {
        Ok(self.project_totals(project_id).await?.counts)
    }

    /// Returns the counts of a project's items, with the id of the newest event that the counts include.
    pub(crate) async fn project_totals(&self, project_id: &str) -> Result<ProjectTotals, Error> {
        let row = with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_TOTALS).bind(project_id).fetch_optional(db).await?);
        row.map(totals_from_row).ok_or(Error::NotFound("Project"))
    }

    /// Returns a consistent snapshot of a project: its counts, the id of its newest event, its rules, and at most `limit` of its
    /// newest flagged items.
    pub(crate) async fn project_snapshot(&self, project_id: &str, limit: i64) -> Result<ProjectSnapshot, Error> {
        const SELECT_FLAGGED_ITEMS: &str =
            select_contents!("AND status = 'flagged' ORDER BY created_at DESC, id DESC LIMIT $2");
        let mut connection = self.project_read_connection(project_id).await?;
        let mut tx = connection.begin_snapshot().await?;
        let row = with_conn!(&mut tx, db => sqlx::query_as(SELECT_TOTALS).bind(project_id).fetch_optional(db).await?);
        let totals = row.map(totals_from_row).ok_or(Error::NotFound("Project"))?;
        let rules = with_conn!(&mut tx, db => sqlx::query_as(SELECT_ALL_RULES).bind(project_id).fetch_all(db).await?);
        let rows: Vec<ContentRow> = with_conn!(&mut tx, db => sqlx::query_as(SELECT_FLAGGED_ITEMS).bind(project_id).bind(limit).fetch_all(db).await?);
        let newest_flagged_contents = attach_results(&mut tx, rows).await?;
        tx.commit().await?;
        Ok(ProjectSnapshot { totals, rules, newest_flagged_contents })
    }

    /// Returns the decisions about the newest items, newest first.
    pub(crate) async fn newest_item_decisions(
        &self,
        project_id: &str,
        limit: i64,
    ) -> Result<Vec<RecentDecision>, Error> {
        const SELECT_RECENT_DECISIONS: &str = "SELECT id, status, updated_at FROM contents WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
        let rows: Vec<(String, String, Micros)> = with_conn!(&mut *self.project_read_connection(project_id).await?, db => {
            sqlx::query_as(SELECT_RECENT_DECISIONS).bind(project_id).bind(limit).fetch_all(db).await?
        });
        let recent = rows.into_iter().map(|(content_id, status, at)| RecentDecision {
            content_id,
            decision: Status::parse(&status).unwrap_or(Status::Pending),
            timestamp: rfc3339(at),
        });
        Ok(recent.collect())
    }

    /// Reads the moderation results of the given items and returns the complete items.
    pub(super) async fn attach_results(&self, project_id: &str, rows: Vec<ContentRow>) -> Result<Vec<Content>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.project_read_connection(project_id).await?;
        let mut tx = connection.begin_snapshot().await?;
        let contents = attach_results(&mut tx, rows).await?;
        tx.commit().await?;
        Ok(contents)
    }
}

type TotalsRow = (i64, i64, i64, i64, i64);

const SELECT_TOTALS: &str =
    "SELECT event_head, approved, rejected, flagged, pending FROM projects WHERE id = $1 AND deleted_at IS NULL";

fn totals_from_row((head, approved, rejected, flagged, pending): TotalsRow) -> ProjectTotals {
    ProjectTotals { head, counts: StatusCounts { approved, rejected, flagged, pending } }
}

/// Reads the moderation results of the given items within a transaction and returns the complete items.
async fn attach_results(tx: &mut Tx<'_>, rows: Vec<ContentRow>) -> Result<Vec<Content>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(String, String)> = with_conn!(tx, db => {
        let mut query = QueryBuilder::new("SELECT content_id, result FROM moderation_results WHERE content_id IN (");
        let mut ids = query.separated(", ");
        for row in &rows {
            ids.push_bind(row.id.clone());
        }
        query.push(") ORDER BY content_id, position");
        query.build_query_as().persistent(false).fetch_all(db).await?
    });
    let mut results: HashMap<String, Vec<Box<RawValue>>> = HashMap::new();
    for (content_id, result) in found {
        results.entry(content_id).or_default().push(raw_json(result)?);
    }
    rows.into_iter()
        .map(|row| {
            Ok(Content {
                moderation_results: results.remove(&row.id).unwrap_or_default(),
                id: row.id,
                project_id: row.project_id,
                content_type: row.content_type,
                content_data: row.content_data.0,
                meta_data: row.meta_data.map(raw_json).transpose()?,
                status: Status::parse(&row.status).unwrap_or(Status::Pending),
                created_at: rfc3339(row.created_at),
                updated_at: rfc3339(row.updated_at),
            })
        })
        .collect()
}

/// Checks JSON text from the database, and returns it as a raw value.
pub(super) fn raw_json(text: String) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(text).map_err(|error| Error::Internal(format!("invalid JSON in the database: {error}")))
}
