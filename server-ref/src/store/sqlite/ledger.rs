//! The rows that a group of changes concerns: read before it, written back after it.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::commit::pieces;
use crate::Error;
use crate::store::activity::Author;
use crate::store::ledger::{Authorship, Ledger, Standing};
use crate::store::{Change, Counts, Deed};

pub(super) async fn load(tx: &mut SqliteConnection, changes: &[Change], queue_limit: i64) -> Result<Ledger, Error> {
    let mut ledger = Ledger { queue_limit, ..Ledger::default() };
    for change in changes {
        if !ledger.projects.contains_key(&change.project_id) {
            let standing = standing(tx, &change.project_id).await?;
            ledger.projects.insert(change.project_id.clone(), standing);
        }
        if let Deed::Reviewed(review) = &change.deed
            && let Some(before) = super::reviews::decision(tx, &change.project_id, &review.content_id).await?
        {
            ledger.before.insert(review.content_id.clone(), before);
        }
    }
    let authors: HashSet<Authorship> =
        changes.iter().filter_map(|change| Some((change.project_id.clone(), change.author()?.clone()))).collect();
    let authors: Vec<Authorship> = authors.into_iter().collect();
    for authors in pieces(&authors) {
        load_authors(tx, authors, &mut ledger).await?;
    }
    Ok(ledger)
}

async fn standing(tx: &mut SqliteConnection, project_id: &str) -> Result<Standing, Error> {
    let row: Option<(i64, i64, i64, i64, i64)> =
        sqlx::query_as("SELECT event_head, approved, rejected, flagged, pending FROM projects WHERE id = ?")
            .bind(project_id)
            .fetch_optional(tx)
            .await?;
    let (head, approved, rejected, flagged, pending) = row.ok_or(Error::NotFound("Project"))?;
    Ok(Standing { head, counts: Counts { approved, rejected, flagged, pending } })
}

async fn load_authors(tx: &mut SqliteConnection, wanted: &[Authorship], ledger: &mut Ledger) -> Result<(), Error> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "SELECT project_id, author, total, approved, hours FROM authors WHERE (project_id, author) IN (",
    );
    query.push_values(wanted, |mut row, (project_id, author)| {
        row.push_bind(project_id.to_string()).push_bind(author.to_string());
    });
    let found: Vec<(String, String, i64, i64, String)> = query.push(")").build_query_as().fetch_all(tx).await?;
    for (project_id, author, total, approved, hours) in found {
        let hours = serde_json::from_str(&hours).map_err(|error| Error::Internal(error.to_string()))?;
        ledger.authors.insert((project_id.into(), author.into()), Author { total, approved, hours });
    }
    Ok(())
}

pub(super) async fn save(tx: &mut SqliteConnection, ledger: &Ledger) -> Result<(), Error> {
    for (project_id, Standing { head, counts }) in &ledger.projects {
        sqlx::query(
            "UPDATE projects SET event_head = ?, approved = ?, rejected = ?, flagged = ?, pending = ? WHERE id = ?",
        )
        .bind(head)
        .bind(counts.approved)
        .bind(counts.rejected)
        .bind(counts.flagged)
        .bind(counts.pending)
        .bind(&**project_id)
        .execute(&mut *tx)
        .await?;
    }
    let authors: Vec<(&Authorship, &Author)> = ledger.authors.iter().collect();
    for authors in pieces(&authors) {
        save_authors(tx, authors).await?;
    }
    Ok(())
}

async fn save_authors(tx: &mut SqliteConnection, authors: &[(&Authorship, &Author)]) -> Result<(), Error> {
    let mut rows = Vec::with_capacity(authors.len());
    for ((project_id, name), author) in authors {
        let hours = serde_json::to_string(&author.hours).map_err(|error| Error::Internal(error.to_string()))?;
        rows.push((Arc::clone(project_id), Arc::clone(name), author, hours));
    }
    QueryBuilder::<Sqlite>::new("INSERT INTO authors (project_id, author, total, approved, hours) ")
        .push_values(rows, |mut row, (project_id, name, author, hours)| {
            row.push_bind(project_id.to_string())
                .push_bind(name.to_string())
                .push_bind(author.total)
                .push_bind(author.approved)
                .push_bind(hours);
        })
        .push(
            " ON CONFLICT (project_id, author) DO UPDATE SET
                 total = excluded.total, approved = excluded.approved, hours = excluded.hours",
        )
        .build()
        .execute(tx)
        .await?;
    Ok(())
}
