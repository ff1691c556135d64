//! Deletion of projects.
//!
//! A deleted project becomes invisible immediately. Its rows are deleted in pieces, so that other requests never wait long. Each
//! piece is a separate transaction, so any node can continue a deletion that another node started.

use serde_json::json;

use super::projects::project_name;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation};
use crate::time::now;

/// Statements that delete the rows granting access to a project.
const DELETE_ACCESS: [&str; 3] = [
    "DELETE FROM api_keys WHERE project_id = $1",
    "DELETE FROM members WHERE project_id = $1",
    "DELETE FROM invitations WHERE project_id = $1",
];

/// A statement that deletes up to 200 of a project's rows from a table. The values of the column must be unique within a project.
macro_rules! delete_piece {
    ($table:literal, $column:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE project_id = $1 AND ",
            $column,
            " IN (SELECT ",
            $column,
            " FROM ",
            $table,
            " WHERE project_id = $1 ORDER BY ",
            $column,
            " LIMIT 200)"
        )
    };
}

/// Deletes the results of the items that the first statement of `DELETE_PIECES` is about to delete.
const DELETE_RESULTS: &str = "DELETE FROM moderation_results WHERE content_id IN
                              (SELECT id FROM contents WHERE project_id = $1 ORDER BY id LIMIT 200)";
const DELETE_PIECES: [&str; 6] = [
    delete_piece!("contents", "id"),
    delete_piece!("events", "event_id"),
    delete_piece!("authors", "author"),
    delete_piece!("audit", "id"),
    delete_piece!("idempotency_keys", "key"),
    delete_piece!("rules", "id"),
];

impl Store {
    /// Marks a project as deleted and ends all access to it.
    ///
    /// The deletion is recorded in the server's audit log, because the project's own log will be deleted.
    pub(crate) async fn delete_project(&self, id: &str, by: &Actor) -> Result<(), Error> {
        const MARK_DELETED: &str = "UPDATE projects SET deleted_at = $2 WHERE id = $1";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        // Until this transaction is committed, no other transaction can add an item.
        tx.lock_project(id).await?;
        if let Some(name) = project_name(&mut tx, id).await? {
            tx.record_audit(None, &AuditDraft::new(by, "project.delete", id).with_before(json!({"name": name})))
                .await?;
        }
        with_conn!(&mut tx, db => { sqlx::query(MARK_DELETED).bind(id).bind(now()).execute(db).await?; });
        delete_access_rows(&mut tx, id).await?;
        tx.announce(&Invalidation::ProjectDeleted(id.to_owned())).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a piece of a deleted project. Returns true if more pieces may be left.
    ///
    /// Nodes that share a database work on different projects.
    pub(crate) async fn delete_next_project_piece(&self) -> Result<bool, Error> {
        const SELECT_NEXT_PROJECT: &str =
            "SELECT id FROM projects WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1";
        const LOCK_NEXT_PROJECT: &str =
            "SELECT id FROM projects WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1
                                 FOR UPDATE SKIP LOCKED";
        const DELETE_PROJECT: &str = "DELETE FROM projects WHERE id = $1";
        let next = if self.is_postgres() { LOCK_NEXT_PROJECT } else { SELECT_NEXT_PROJECT };
        // Usually there is nothing to delete, and this check then avoids waiting for a connection for writing.
        let waiting: Option<String> = with_conn!(&mut self.read_connection().await?, db => sqlx::query_scalar(SELECT_NEXT_PROJECT).fetch_optional(db).await?);
        if waiting.is_none() {
            return Ok(false);
        }
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let id: Option<String> = with_conn!(&mut tx, db => sqlx::query_scalar(next).fetch_optional(db).await?);
        let Some(id) = id else {
            return Ok(false);
        };
        delete_access_rows(&mut tx, &id).await?;
        execute_for_project(&mut tx, DELETE_RESULTS, &id).await?;
        for piece in DELETE_PIECES {
            if execute_for_project(&mut tx, piece, &id).await? > 0 {
                tx.commit().await?;
                return Ok(true);
            }
        }
        // The few rows that are left, such as notifications, are deleted together with the project.
        execute_for_project(&mut tx, DELETE_PROJECT, &id).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn delete_access_rows(tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
    for query in DELETE_ACCESS {
        execute_for_project(tx, query, id).await?;
    }
    Ok(())
}

async fn execute_for_project(tx: &mut Tx<'_>, query: &'static str, id: &str) -> Result<u64, Error> {
    Ok(with_conn!(tx, db => sqlx::query(query).bind(id).execute(db).await?.rows_affected()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{CommitOutcome, EventDraft, Mutation, NewContent, ProjectChange, Status, StoreOptions};

    fn new_content(project_id: &Arc<str>, id: usize) -> ProjectChange {
        let content = NewContent {
            id: format!("{project_id}-{id}"),
            content_type: "text".into(),
            content_data: "x".into(),
            meta_data: None,
            author_id: Some(format!("{}", id % 3).into()),
            rule_id: None,
            status: Status::Approved,
            moderation_results: vec!["{}".into()],
        };
        let draft = EventDraft { name: "moderation_update", payload: "{}".into() };
        ProjectChange {
            project_id: project_id.clone(),
            at: 1,
            mutation: Mutation::Moderated(content),
            event: Some(draft),
            audit: None,
            idempotency: None,
        }
    }

    async fn query_count(store: &Store, query: &'static str) -> i64 {
        with_conn!(&mut store.read_connection().await.unwrap(), db => sqlx::query_scalar(query).fetch_one(db).await.unwrap())
    }

    #[tokio::test]
    async fn a_deleted_project_is_invisible_immediately_and_is_deleted_in_pieces_across_a_restart() {
        const COUNT_ITEMS: &str = "SELECT COUNT(*) FROM contents";
        const COUNT_RESULTS: &str = "SELECT COUNT(*) FROM moderation_results";
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        let by = Actor::system();
        let gone: Arc<str> = store.create_project("Gone", None, &by).await.unwrap().into();
        let stays: Arc<str> = store.create_project("Stays", None, &by).await.unwrap().into();
        let changes: Vec<ProjectChange> =
            (0..450).map(|id| new_content(&gone, id)).chain([new_content(&stays, 0)]).collect();
        assert!(matches!(store.commit(&changes).await.unwrap(), CommitOutcome::Done(_)));

        store.delete_project(&gone, &by).await.unwrap();
        assert_eq!(query_count(&store, COUNT_ITEMS).await, 451);
        assert!(!store.project_exists(&gone).await.unwrap() && store.project(&gone).await.unwrap().is_none());
        assert_eq!(store.project_ids().await.unwrap(), [stays.to_string()]);
        assert!(matches!(store.status_counts(&gone).await, Err(Error::NotFound("Project"))));
        assert!(matches!(store.events_after(&gone, 0, 1).await, Err(Error::NotFound("Project"))));
        assert_eq!(store.event_head(&gone).await.unwrap(), None);
        let CommitOutcome::Done(committed) =
            store.commit(&[new_content(&gone, 999), new_content(&stays, 1)]).await.unwrap()
        else {
            panic!("with SQLite, the outcome is never in doubt")
        };
        assert_eq!(committed.failures.keys().collect::<Vec<_>>(), [&0]);

        assert!(store.delete_next_project_piece().await.unwrap());
        assert_eq!((query_count(&store, COUNT_ITEMS).await, query_count(&store, COUNT_RESULTS).await), (252, 252));
        store.close().await;
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        while store.delete_next_project_piece().await.unwrap() {}
        for (query, expected) in [
            (COUNT_ITEMS, 2),
            (COUNT_RESULTS, 2),
            ("SELECT COUNT(*) FROM events", 4),
            ("SELECT COUNT(*) FROM authors", 2),
            ("SELECT COUNT(*) FROM projects", 1),
        ] {
            assert_eq!(query_count(&store, query).await, expected, "{query}");
        }
        assert_eq!(store.status_counts(&stays).await.unwrap().total(), 2);
        store.close().await;
    }
}
