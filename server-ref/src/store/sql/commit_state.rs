//! Loading and saving the rows that a group of changes affects.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::bulk_insert::power_of_two_chunks;
use super::{Tx, with_conn};
use crate::Error;
use crate::store::author_stats::AuthorStats;
use crate::store::commit_state::{CommitState, IdempotencyId, ProjectAuthor, ProjectTotals};
use crate::store::{Mutation, ProjectChange, StatusCounts, StoredRule, rule_audit_state};
use crate::time::Micros;

/// Locks the projects that the changes affect, and loads the affected rows.
pub(super) async fn load_commit_state(
    tx: &mut Tx<'_>,
    changes: &[ProjectChange],
    review_warning_threshold: i64,
) -> Result<CommitState, Error> {
    let mut commit_state = CommitState { review_warning_threshold, ..CommitState::default() };
    // All processes lock projects in the order of their ids, so that they can't deadlock.
    let projects: BTreeSet<&Arc<str>> = changes.iter().map(|change| &change.project_id).collect();
    for id in projects {
        if let Some(totals) = lock_project_totals(tx, id).await? {
            commit_state.projects.insert(id.clone(), totals);
        }
    }
    for change in changes {
        let project_id = &change.project_id;
        match &change.mutation {
            Mutation::Reviewed(review) => {
                if let Some(decision) = super::reviews::latest_decision(tx, project_id, &review.content_id).await? {
                    commit_state.latest_decisions.insert(review.content_id.clone(), decision);
                }
            }
            Mutation::RuleUpdated(StoredRule { id, .. }) | Mutation::RuleDeleted(id) => {
                if let Some(rule) = super::rules::abridged_rule(tx, project_id, id).await? {
                    commit_state.rule_audit_states.insert((project_id.clone(), id.clone()), rule_audit_state(&rule));
                }
            }
            Mutation::Nothing
            | Mutation::Moderated(_)
            | Mutation::RuleCreated(_)
            | Mutation::NotificationCreated(_) => {}
        }
    }
    let keys: HashMap<IdempotencyId, Micros> =
        changes.iter().filter_map(|change| Some((change.idempotency_id()?, change.at))).collect();
    let keys: Vec<(&IdempotencyId, Micros)> = keys.iter().map(|(id, &at)| (id, at)).collect();
    commit_state.used_idempotency_keys = super::idempotency::load_records(tx, &keys).await?;
    let authors: HashSet<ProjectAuthor> =
        changes.iter().filter_map(|change| Some((change.project_id.clone(), change.author_id()?.clone()))).collect();
    let authors: Vec<ProjectAuthor> = authors.into_iter().collect();
    for authors in power_of_two_chunks(&authors) {
        load_authors(tx, authors, &mut commit_state).await?;
    }
    Ok(commit_state)
}

/// Returns the counters of a project and locks its row until the transaction ends. This lock ensures that the event ids assigned by several
/// processes are unique and have no holes.
async fn lock_project_totals(tx: &mut Tx<'_>, project_id: &str) -> Result<Option<ProjectTotals>, Error> {
    const SELECT_TOTALS: &str =
        "SELECT event_head, approved, rejected, flagged, pending FROM projects WHERE id = $1 AND deleted_at IS NULL";
    const LOCK_TOTALS: &str = "SELECT event_head, approved, rejected, flagged, pending FROM projects WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE";
    let query = if matches!(tx, Tx::Postgres(_)) { LOCK_TOTALS } else { SELECT_TOTALS };
    let row: Option<(i64, i64, i64, i64, i64)> =
        with_conn!(tx, db => sqlx::query_as(query).bind(project_id).fetch_optional(db).await?);
    Ok(row.map(|(head, approved, rejected, flagged, pending)| ProjectTotals {
        head,
        counts: StatusCounts { approved, rejected, flagged, pending },
    }))
}

async fn load_authors(tx: &mut Tx<'_>, wanted: &[ProjectAuthor], commit_state: &mut CommitState) -> Result<(), Error> {
    const SELECT_AUTHORS: &str =
        "SELECT project_id, author, total, approved, hours FROM authors WHERE (project_id, author) IN (";
    let found: Vec<(String, String, i64, i64, String)> = with_conn!(tx, db => {
        let mut query = QueryBuilder::new(SELECT_AUTHORS);
        query.push_values(wanted, |mut row, (project_id, author)| {
            row.push_bind(project_id.to_string()).push_bind(author.to_string());
        });
        query.push(")").build_query_as().fetch_all(db).await?
    });
    for (project_id, author, total, approved, hours) in found {
        let rejections_by_hour = serde_json::from_str(&hours).map_err(|error| Error::Internal(error.to_string()))?;
        commit_state
            .authors
            .insert((project_id.into(), author.into()), AuthorStats { total, approved, rejections_by_hour });
    }
    Ok(())
}

pub(super) async fn save_commit_state(tx: &mut Tx<'_>, commit_state: &CommitState) -> Result<(), Error> {
    const UPDATE_TOTALS: &str =
        "UPDATE projects SET event_head = $2, approved = $3, rejected = $4, flagged = $5, pending = $6
                         WHERE id = $1";
    for (project_id, ProjectTotals { head, counts }) in &commit_state.projects {
        with_conn!(&mut *tx, db => {
            let query = sqlx::query(UPDATE_TOTALS).bind(&**project_id).bind(head).bind(counts.approved);
            let query = query.bind(counts.rejected).bind(counts.flagged).bind(counts.pending);
            query.execute(db).await?;
        });
    }
    let authors: Vec<(&ProjectAuthor, &AuthorStats)> = commit_state.authors.iter().collect();
    for authors in power_of_two_chunks(&authors) {
        save_authors(tx, authors).await?;
    }
    Ok(())
}

async fn save_authors(tx: &mut Tx<'_>, authors: &[(&ProjectAuthor, &AuthorStats)]) -> Result<(), Error> {
    const INSERT_AUTHORS: &str = "INSERT INTO authors (project_id, author, total, approved, hours) ";
    const OR_REPLACE_AUTHORS: &str = " ON CONFLICT (project_id, author) DO UPDATE SET
                           total = excluded.total, approved = excluded.approved, hours = excluded.hours";
    let mut rows = Vec::with_capacity(authors.len());
    for ((project_id, name), author) in authors {
        let hours =
            serde_json::to_string(&author.rejections_by_hour).map_err(|error| Error::Internal(error.to_string()))?;
        rows.push((Arc::clone(project_id), Arc::clone(name), author, hours));
    }
    with_conn!(tx, db => {
        let mut query = QueryBuilder::new(INSERT_AUTHORS);
        query.push_values(rows, |mut row, (project_id, name, author, hours)| {
            row.push_bind(project_id.to_string())
                .push_bind(name.to_string())
                .push_bind(author.total)
                .push_bind(author.approved)
                .push_bind(hours);
        });
        query.push(OR_REPLACE_AUTHORS).build().execute(db).await?;
    });
    Ok(())
}
