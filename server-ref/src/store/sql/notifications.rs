//! Persistent notifications.

use super::{Store, Tx, on};
use crate::Error;
use crate::store::Notification;

const INSERT: &str =
    "INSERT INTO notifications (id, project_id, type, message, created_at) VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// Those in force in a project, its own and the ones for all, oldest first.
    pub(crate) async fn notifications(&self, project_id: &str) -> Result<Vec<Notification>, Error> {
        const QUERY: &str = "SELECT id, project_id, type, message, created_at FROM notifications
                             WHERE project_id = $1 OR project_id IS NULL ORDER BY created_at, id";
        Ok(on!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(project_id).fetch_all(db).await?))
    }

    pub(crate) async fn notification(&self, id: &str) -> Result<Option<Notification>, Error> {
        const QUERY: &str = "SELECT id, project_id, type, message, created_at FROM notifications WHERE id = $1";
        Ok(on!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(id).fetch_optional(db).await?))
    }

    /// Keeps one that is for all projects.
    pub(crate) async fn add_notification(&self, notification: &Notification) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        insert(&mut tx, notification).await?;
        Ok(tx.commit().await?)
    }

    /// Whether there was one.
    pub(crate) async fn delete_notification(&self, id: &str) -> Result<bool, Error> {
        const QUERY: &str = "DELETE FROM notifications WHERE id = $1";
        let deleted = on!(&mut self.writer().await?, db => {
            sqlx::query(QUERY).bind(id).execute(db).await?.rows_affected()
        });
        Ok(deleted > 0)
    }
}

pub(super) async fn insert(tx: &mut Tx<'_>, notification: &Notification) -> Result<(), Error> {
    on!(tx, db => {
        let query = sqlx::query(INSERT).bind(&notification.id).bind(&notification.project_id).bind(&notification.kind);
        query.bind(&notification.message).bind(notification.created_at).execute(db).await?;
    });
    Ok(())
}
