//! The rows that a group of changes concerns: read before it, written back after it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::rows::pieces;
use super::{Tx, with_conn};
use crate::Error;
use crate::store::author_stats::AuthorStats;
use crate::store::commit_state::{Authorship, CommitState, IdempotencyId, ProjectTotals};
use crate::store::{Mutation, ProjectChange, StatusCounts, StoredRule, rule_state};
use crate::time::Micros;

pub(super) async fn load(tx: &mut Tx<'_>, changes: &[ProjectChange], queue_limit: i64) -> Result<CommitState, Error> {
    let mut commit_state = CommitState { queue_limit, ..CommitState::default() };
    // Lock in id order, so that two processes can't deadlock.
    let projects: BTreeSet<&Arc<str>> = changes.iter().map(|change| &change.project_id).collect();
    for id in projects {
        if let Some(totals) = totals(tx, id).await? {
            commit_state.projects.insert(id.clone(), totals);
        }
    }
    for change in changes {
        let project_id = &change.project_id;
        match &change.mutation {
            Mutation::Reviewed(review) => {
                if let Some(before) = super::reviews::decision(tx, project_id, &review.content_id).await? {
                    commit_state.before.insert(review.content_id.clone(), before);
                }
            }
            Mutation::RuleUpdated(StoredRule { id, .. }) | Mutation::RuleDeleted(id) => {
                if let Some(rule) = super::rules::beginning(tx, project_id, id).await? {
                    commit_state.rules.insert((project_id.clone(), id.clone()), rule_state(&rule));
                }
            }
            Mutation::Nothing | Mutation::Moderated(_) | Mutation::RuleCreated(_) | Mutation::Notified(_) => {}
        }
    }
    let keys: HashMap<IdempotencyId, Micros> =
        changes.iter().filter_map(|change| Some((change.idempotency_id()?, change.at))).collect();
    let keys: Vec<(&IdempotencyId, Micros)> = keys.iter().map(|(id, &at)| (id, at)).collect();
    commit_state.used_keys = super::idempotency::load(tx, &keys).await?;
    let authors: HashSet<Authorship> =
        changes.iter().filter_map(|change| Some((change.project_id.clone(), change.author()?.clone()))).collect();
    let authors: Vec<Authorship> = authors.into_iter().collect();
    for authors in pieces(&authors) {
        load_authors(tx, authors, &mut commit_state).await?;
    }
    Ok(commit_state)
}

/// The row, which nobody else writes until the transaction ends: this is what makes the ids of several processes gap-free.
async fn totals(tx: &mut Tx<'_>, project_id: &str) -> Result<Option<ProjectTotals>, Error> {
    const QUERY: &str =
        "SELECT event_head, approved, rejected, flagged, pending FROM projects WHERE id = $1 AND deleted_at IS NULL";
    const LOCKED: &str = "SELECT event_head, approved, rejected, flagged, pending FROM projects WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE";
    let query = if matches!(tx, Tx::Postgres(_)) { LOCKED } else { QUERY };
    let row: Option<(i64, i64, i64, i64, i64)> =
        with_conn!(tx, db => sqlx::query_as(query).bind(project_id).fetch_optional(db).await?);
    Ok(row.map(|(head, approved, rejected, flagged, pending)| ProjectTotals {
        head,
        counts: StatusCounts { approved, rejected, flagged, pending },
    }))
}

async fn load_authors(tx: &mut Tx<'_>, wanted: &[Authorship], commit_state: &mut CommitState) -> Result<(), Error> {
    const QUERY: &str =
        "SELECT project_id, author, total, approved, hours FROM authors WHERE (project_id, author) IN (";
    let found: Vec<(String, String, i64, i64, String)> = with_conn!(tx, db => {
        let mut query = QueryBuilder::new(QUERY);
        query.push_values(wanted, |mut row, (project_id, author)| {
            row.push_bind(project_id.to_string()).push_bind(author.to_string());
        });
        query.push(")").build_query_as().fetch_all(db).await?
    });
    for (project_id, author, total, approved, hours) in found {
        let hours = serde_json::from_str(&hours).map_err(|error| Error::Internal(error.to_string()))?;
        commit_state.authors.insert((project_id.into(), author.into()), AuthorStats { total, approved, hours });
    }
    Ok(())
}

pub(super) async fn save(tx: &mut Tx<'_>, commit_state: &CommitState) -> Result<(), Error> {
    const QUERY: &str = "UPDATE projects SET event_head = $2, approved = $3, rejected = $4, flagged = $5, pending = $6
                         WHERE id = $1";
    for (project_id, ProjectTotals { head, counts }) in &commit_state.projects {
        with_conn!(&mut *tx, db => {
            let query = sqlx::query(QUERY).bind(&**project_id).bind(head).bind(counts.approved);
            let query = query.bind(counts.rejected).bind(counts.flagged).bind(counts.pending);
            query.execute(db).await?;
        });
    }
    let authors: Vec<(&Authorship, &AuthorStats)> = commit_state.authors.iter().collect();
    for authors in pieces(&authors) {
        save_authors(tx, authors).await?;
    }
    Ok(())
}

async fn save_authors(tx: &mut Tx<'_>, authors: &[(&Authorship, &AuthorStats)]) -> Result<(), Error> {
    const QUERY: &str = "INSERT INTO authors (project_id, author, total, approved, hours) ";
    const OR: &str = " ON CONFLICT (project_id, author) DO UPDATE SET
                           total = excluded.total, approved = excluded.approved, hours = excluded.hours";
    let mut rows = Vec::with_capacity(authors.len());
    for ((project_id, name), author) in authors {
        let hours = serde_json::to_string(&author.hours).map_err(|error| Error::Internal(error.to_string()))?;
        rows.push((Arc::clone(project_id), Arc::clone(name), author, hours));
    }
    with_conn!(tx, db => {
        let mut query = QueryBuilder::new(QUERY);
        query.push_values(rows, |mut row, (project_id, name, author, hours)| {
            row.push_bind(project_id.to_string())
                .push_bind(name.to_string())
                .push_bind(author.total)
                .push_bind(author.approved)
                .push_bind(hours);
        });
        query.push(OR).build().execute(db).await?;
    });
    Ok(())
}
