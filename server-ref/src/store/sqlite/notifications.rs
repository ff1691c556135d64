//! Persistent notifications.

use sqlx::SqliteConnection;

use super::SqliteStore;
use crate::Error;
use crate::store::Notification;

impl SqliteStore {
    /// Those in force in a project, its own and the ones for all, oldest first.
    pub(crate) async fn notifications(&self, project_id: &str) -> Result<Vec<Notification>, Error> {
        let query = sqlx::query_as(
            "SELECT id, project_id, type, message, created_at FROM notifications
             WHERE project_id = ? OR project_id IS NULL ORDER BY created_at, id",
        );
        Ok(query.bind(project_id).fetch_all(self.readers()).await?)
    }

    pub(crate) async fn notification(&self, id: &str) -> Result<Option<Notification>, Error> {
        let query = sqlx::query_as("SELECT id, project_id, type, message, created_at FROM notifications WHERE id = ?");
        Ok(query.bind(id).fetch_optional(self.readers()).await?)
    }

    /// Keeps one that is for all projects.
    pub(crate) async fn add_notification(&self, notification: &Notification) -> Result<(), Error> {
        insert(&mut *self.writer().await?, notification).await
    }

    /// Whether there was one.
    pub(crate) async fn delete_notification(&self, id: &str) -> Result<bool, Error> {
        let query = sqlx::query("DELETE FROM notifications WHERE id = ?").bind(id);
        Ok(query.execute(&mut *self.writer().await?).await?.rows_affected() > 0)
    }
}

pub(super) async fn insert(tx: &mut SqliteConnection, notification: &Notification) -> Result<(), Error> {
    sqlx::query("INSERT INTO notifications (id, project_id, type, message, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(&notification.id)
        .bind(&notification.project_id)
        .bind(&notification.kind)
        .bind(&notification.message)
        .bind(notification.created_at)
        .execute(tx)
        .await?;
    Ok(())
}
