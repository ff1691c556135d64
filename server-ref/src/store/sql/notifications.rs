//! Storage of persistent notifications.

use super::idempotency::claim_key;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{ALL_PROJECTS_ID, Actor, AuditDraft, IdempotencyRecord, SubmitOutcome, SystemNotification};

const INSERT_NOTIFICATION: &str =
    "INSERT INTO notifications (id, project_id, type, message, created_at) VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// Returns the notifications for a project, including the notifications for all projects, oldest first.
    pub(crate) async fn notifications(&self, project_id: &str) -> Result<Vec<SystemNotification>, Error> {
        const SELECT_NOTIFICATIONS: &str = "SELECT id, project_id, type, message, created_at FROM notifications
                             WHERE project_id = $1 OR project_id IS NULL ORDER BY created_at, id LIMIT 1000";
        Ok(
            with_conn!(&mut *self.project_read_connection(project_id).await?, db => sqlx::query_as(SELECT_NOTIFICATIONS).bind(project_id).fetch_all(db).await?),
        )
    }

    /// Returns the number of a project's own notifications. If no project is given, returns the number of notifications that
    /// are for all projects.
    pub(crate) async fn notification_count(&self, project_id: Option<&str>) -> Result<i64, Error> {
        const COUNT_OWN: &str = "SELECT COUNT(*) FROM notifications WHERE project_id = $1";
        const COUNT_FOR_ALL_PROJECTS: &str = "SELECT COUNT(*) FROM notifications WHERE project_id IS NULL";
        Ok(with_conn!(&mut self.read_connection().await?, db => match project_id {
            Some(id) => sqlx::query_scalar(COUNT_OWN).bind(id).fetch_one(db).await?,
            None => sqlx::query_scalar(COUNT_FOR_ALL_PROJECTS).fetch_one(db).await?,
        }))
    }

    pub(crate) async fn notification(&self, id: &str) -> Result<Option<SystemNotification>, Error> {
        const SELECT_NOTIFICATION: &str =
            "SELECT id, project_id, type, message, created_at FROM notifications WHERE id = $1";
        Ok(
            with_conn!(&mut self.read_connection().await?, db => sqlx::query_as(SELECT_NOTIFICATION).bind(id).fetch_optional(db).await?),
        )
    }

    /// Adds a notification that is for all projects: records it in the audit log and, if it is persistent, stores it. Does nothing if the
    /// request repeats an earlier one.
    pub(crate) async fn add_notification_for_all_projects(
        &self,
        notification: &SystemNotification,
        persistent: bool,
        by: &Actor,
        idempotency: Option<&IdempotencyRecord>,
    ) -> Result<SubmitOutcome, Error> {
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        if let Some(record) = idempotency
            && let Some(answer) = claim_key(&mut tx, ALL_PROJECTS_ID, record, notification.created_at).await?
        {
            return Ok(SubmitOutcome::Repeated(answer));
        }
        if persistent {
            insert(&mut tx, notification).await?;
        }
        tx.record_audit(None, &notification.creation_audit(persistent, by)).await?;
        tx.commit().await?;
        Ok(SubmitOutcome::New)
    }

    /// Deletes a notification. Returns false if the notification does not exist.
    pub(crate) async fn delete_notification(&self, id: &str, by: &Actor) -> Result<bool, Error> {
        const DELETE_NOTIFICATION: &str =
            "DELETE FROM notifications WHERE id = $1 RETURNING id, project_id, type, message, created_at";
        let mut connection = self.write_connection().await?;
        let mut tx = connection.begin_write().await?;
        let deleted: Option<SystemNotification> =
            with_conn!(&mut tx, db => sqlx::query_as(DELETE_NOTIFICATION).bind(id).fetch_optional(db).await?);
        let Some(notification) = deleted else {
            return Ok(false);
        };
        let draft = AuditDraft::new(by, "notification.withdraw", id).with_before(notification.audit_state());
        tx.record_audit(notification.project_id.as_deref(), &draft).await?;
        tx.commit().await?;
        Ok(true)
    }
}

pub(super) async fn insert(tx: &mut Tx<'_>, notification: &SystemNotification) -> Result<(), Error> {
    with_conn!(tx, db => {
        let query = sqlx::query(INSERT_NOTIFICATION).bind(&notification.id).bind(&notification.project_id).bind(&notification.kind);
        query.bind(&notification.message).bind(notification.created_at).execute(db).await?;
    });
    Ok(())
}
