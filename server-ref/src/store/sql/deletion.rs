//! The deletion of a project: it is invisible at once and deleted in pieces, so that nobody waits long. Each piece is a transaction
//! of its own, so any server can continue where another stopped.

use serde_json::json;

use super::projects::name_of;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{Actor, AuditDraft, Invalidation};
use crate::time::now;

/// The rows that give access to a project, deleted first.
const ACCESS: [&str; 3] = [
    "DELETE FROM api_keys WHERE project_id = $1",
    "DELETE FROM members WHERE project_id = $1",
    "DELETE FROM invitations WHERE project_id = $1",
];

/// Deletes a limited number of a project's rows from a table, by a column that is unique within the project.
macro_rules! piece {
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

/// The results of the items that are deleted next.
const RESULTS: &str = "DELETE FROM moderation_results WHERE content_id IN
                       (SELECT id FROM contents WHERE project_id = $1 ORDER BY id LIMIT 200)";
const PIECES: [&str; 6] = [
    piece!("contents", "id"),
    piece!("events", "event_id"),
    piece!("authors", "author"),
    piece!("audit", "id"),
    piece!("idempotency_keys", "key"),
    piece!("rules", "id"),
];

impl Store {
    /// Ends all access to a project. The server's audit log keeps an entry of the deletion; the project's own log is deleted.
    pub(crate) async fn delete_project(&self, id: &str, by: &Actor) -> Result<(), Error> {
        const DELETED: &str = "UPDATE projects SET deleted_at = $2 WHERE id = $1";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        // From here on nobody adds an item.
        tx.lock_project(id).await?;
        if let Some(name) = name_of(&mut tx, id).await? {
            tx.record(None, &AuditDraft::new(by, "project.delete", id).before(json!({"name": name}))).await?;
        }
        with_conn!(&mut tx, db => { sqlx::query(DELETED).bind(id).bind(now()).execute(db).await?; });
        revoke_access(&mut tx, id).await?;
        tx.announce(&Invalidation::ProjectDeleted(id.to_owned())).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a piece of a deleted project, and returns `true` if there may be more. Servers on one database take different
    /// projects.
    pub(crate) async fn delete_piece(&self) -> Result<bool, Error> {
        const NEXT: &str = "SELECT id FROM projects WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1";
        const FREE: &str = "SELECT id FROM projects WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1
                            FOR UPDATE SKIP LOCKED";
        const PROJECT: &str = "DELETE FROM projects WHERE id = $1";
        let next = if self.is_postgres() { FREE } else { NEXT };
        // Most of the time there is nothing to write.
        let waiting: Option<String> =
            with_conn!(&mut self.reader().await?, db => sqlx::query_scalar(NEXT).fetch_optional(db).await?);
        if waiting.is_none() {
            return Ok(false);
        }
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let id: Option<String> = with_conn!(&mut tx, db => sqlx::query_scalar(next).fetch_optional(db).await?);
        let Some(id) = id else {
            return Ok(false);
        };
        revoke_access(&mut tx, &id).await?;
        delete(&mut tx, RESULTS, &id).await?;
        for piece in PIECES {
            if delete(&mut tx, piece, &id).await? > 0 {
                tx.commit().await?;
                return Ok(true);
            }
        }
        // Little is left, and goes with it.
        delete(&mut tx, PROJECT, &id).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn revoke_access(tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
    for query in ACCESS {
        delete(tx, query, id).await?;
    }
    Ok(())
}

async fn delete(tx: &mut Tx<'_>, query: &'static str, id: &str) -> Result<u64, Error> {
    Ok(with_conn!(tx, db => sqlx::query(query).bind(id).execute(db).await?.rows_affected()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{CommitOutcome, EventDraft, Mutation, NewContent, ProjectChange, Status, StoreOptions};

    fn content(project_id: &Arc<str>, id: usize) -> ProjectChange {
        let content = NewContent {
            id: format!("{project_id}-{id}"),
            content_type: "text".into(),
            content_data: "x".into(),
            meta_data: None,
            author: Some(format!("{}", id % 3).into()),
            rule_id: None,
            status: Status::Approved,
            results: vec!["{}".into()],
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

    async fn rows(store: &Store, query: &'static str) -> i64 {
        with_conn!(&mut store.reader().await.unwrap(), db => sqlx::query_scalar(query).fetch_one(db).await.unwrap())
    }

    #[tokio::test]
    async fn a_project_is_invisible_at_once_and_goes_in_pieces_over_a_restart() {
        const CONTENTS: &str = "SELECT COUNT(*) FROM contents";
        const RESULTS: &str = "SELECT COUNT(*) FROM moderation_results";
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        let by = Actor::system();
        let gone: Arc<str> = store.create_project("Gone", None, &by).await.unwrap().into();
        let stays: Arc<str> = store.create_project("Stays", None, &by).await.unwrap().into();
        let changes: Vec<ProjectChange> = (0..450).map(|id| content(&gone, id)).chain([content(&stays, 0)]).collect();
        assert!(matches!(store.commit(&changes).await.unwrap(), CommitOutcome::Done(_)));

        store.delete_project(&gone, &by).await.unwrap();
        assert_eq!(rows(&store, CONTENTS).await, 451);
        assert!(!store.project_exists(&gone).await.unwrap() && store.project(&gone).await.unwrap().is_none());
        assert_eq!(store.project_ids().await.unwrap(), [stays.to_string()]);
        assert!(matches!(store.counts(&gone).await, Err(Error::NotFound("Project"))));
        assert!(matches!(store.events_after(&gone, 0, 1).await, Err(Error::NotFound("Project"))));
        assert_eq!(store.event_head(&gone).await.unwrap(), None);
        let CommitOutcome::Done(committed) = store.commit(&[content(&gone, 999), content(&stays, 1)]).await.unwrap()
        else {
            panic!("SQLite leaves no doubt")
        };
        assert_eq!(committed.failures.keys().collect::<Vec<_>>(), [&0]);

        assert!(store.delete_piece().await.unwrap());
        assert_eq!((rows(&store, CONTENTS).await, rows(&store, RESULTS).await), (252, 252));
        store.close().await;
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        while store.delete_piece().await.unwrap() {}
        for (query, left) in [
            (CONTENTS, 2),
            (RESULTS, 2),
            ("SELECT COUNT(*) FROM events", 4),
            ("SELECT COUNT(*) FROM authors", 2),
            ("SELECT COUNT(*) FROM projects", 1),
        ] {
            assert_eq!(rows(&store, query).await, left, "{query}");
        }
        assert_eq!(store.counts(&stays).await.unwrap().total(), 2);
        store.close().await;
    }
}
