//! Persistent notifications.

use super::idempotency::claim;
use super::{Store, Tx, with_conn};
use crate::Error;
use crate::store::{ALL_PROJECTS, Actor, AuditDraft, IdempotencyRecord, Submitted, SystemNotification};

const INSERT: &str =
    "INSERT INTO notifications (id, project_id, type, message, created_at) VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// The notifications in force in a project, its own and those for all projects, oldest first.
    pub(crate) async fn notifications(&self, project_id: &str) -> Result<Vec<SystemNotification>, Error> {
        const QUERY: &str = "SELECT id, project_id, type, message, created_at FROM notifications
                             WHERE project_id = $1 OR project_id IS NULL ORDER BY created_at, id LIMIT 1000";
        Ok(
            with_conn!(&mut *self.reader_of(project_id).await?, db => sqlx::query_as(QUERY).bind(project_id).fetch_all(db).await?),
        )
    }

    /// The number of a project's own notifications; without a project, of those for all.
    pub(crate) async fn notification_count(&self, project_id: Option<&str>) -> Result<i64, Error> {
        const OWN: &str = "SELECT COUNT(*) FROM notifications WHERE project_id = $1";
        const FOR_ALL: &str = "SELECT COUNT(*) FROM notifications WHERE project_id IS NULL";
        Ok(with_conn!(&mut self.reader().await?, db => match project_id {
            Some(id) => sqlx::query_scalar(OWN).bind(id).fetch_one(db).await?,
            None => sqlx::query_scalar(FOR_ALL).fetch_one(db).await?,
        }))
    }

    pub(crate) async fn notification(&self, id: &str) -> Result<Option<SystemNotification>, Error> {
        const QUERY: &str = "SELECT id, project_id, type, message, created_at FROM notifications WHERE id = $1";
        Ok(with_conn!(&mut self.reader().await?, db => sqlx::query_as(QUERY).bind(id).fetch_optional(db).await?))
    }

    /// Records a notification for all projects, and stores it if it is persistent, unless the request repeats an earlier one.
    pub(crate) async fn add_notification(
        &self,
        notification: &SystemNotification,
        persistent: bool,
        by: &Actor,
        idempotency: Option<&IdempotencyRecord>,
    ) -> Result<Submitted, Error> {
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        if let Some(record) = idempotency
            && let Some(answer) = claim(&mut tx, ALL_PROJECTS, record, notification.created_at).await?
        {
            return Ok(Submitted::Repeated(answer));
        }
        if persistent {
            insert(&mut tx, notification).await?;
        }
        tx.record(None, &notification.created(persistent, by)).await?;
        tx.commit().await?;
        Ok(Submitted::New)
    }

    /// Deletes a notification; false if there was none.
    pub(crate) async fn delete_notification(&self, id: &str, by: &Actor) -> Result<bool, Error> {
        const QUERY: &str =
            "DELETE FROM notifications WHERE id = $1 RETURNING id, project_id, type, message, created_at";
        let mut writer = self.writer().await?;
        let mut tx = writer.begin().await?;
        let deleted: Option<SystemNotification> =
            with_conn!(&mut tx, db => sqlx::query_as(QUERY).bind(id).fetch_optional(db).await?);
        let Some(notification) = deleted else {
            return Ok(false);
        };
        let draft = AuditDraft::new(by, "notification.withdraw", id).before(notification.state());
        tx.record(notification.project_id.as_deref(), &draft).await?;
        tx.commit().await?;
        Ok(true)
    }
}

pub(super) async fn insert(tx: &mut Tx<'_>, notification: &SystemNotification) -> Result<(), Error> {
    with_conn!(tx, db => {
        let query = sqlx::query(INSERT).bind(&notification.id).bind(&notification.project_id).bind(&notification.kind);
        query.bind(&notification.message).bind(notification.created_at).execute(db).await?;
    });
    Ok(())
}
