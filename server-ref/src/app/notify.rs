//! `system_notification` events that people publish.
//!
//! Each notification is written to the logs of its projects, so it is replayed like any other event. A persistent notification is also
//! stored outside the logs until it is withdrawn, and sent to every socket that joins one of these projects. The copy for a joining socket
//! has no `event_id`, because it is not a new event. It keeps the original `notification_id`, by which clients recognise the notification.

use futures_util::future::try_join_all;

use super::App;
use crate::Error;
use crate::ids::random_id;
use crate::store::{
    ALL_PROJECTS_ID, Actor, IdempotencyKey, IdempotencyRecord, IdempotentAnswer, Mutation, ProjectChange,
    SystemNotification, notification_event,
};
use crate::time::now;

/// Maximum number of persistent notifications per project; notifications for all projects have a separate limit of the same size. The limit
/// is small because every joining socket receives all of these notifications.
const PERSISTENT_NOTIFICATIONS_MAX: i64 = 100;

/// A notification to publish.
#[derive(Debug)]
pub(crate) struct NotificationDraft {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) persistent: bool,
}

impl App {
    /// Publishes a notification in a project or, without `project_id`, in all projects.
    ///
    /// A request that repeats an earlier one with the same idempotency key publishes the notification only in the projects that the
    /// earlier request did not reach.
    pub(crate) async fn notify(
        &self,
        project_id: Option<String>,
        draft: NotificationDraft,
        by: &Actor,
        key: Option<IdempotencyKey>,
    ) -> Result<IdempotentAnswer<SystemNotification>, Error> {
        let NotificationDraft { kind, message, persistent } = draft;
        let keys_of = project_id.as_deref().unwrap_or(ALL_PROJECTS_ID);
        let is_repeated = match &key {
            Some(key) => self.store.idempotent_answer(keys_of, key).await?.is_some(),
            None => false,
        };
        // A repeated request adds no notification, so the limit does not apply.
        if persistent
            && !is_repeated
            && self.store.notification_count(project_id.as_deref()).await? >= PERSISTENT_NOTIFICATIONS_MAX
        {
            return Err(Error::Conflict("limit_reached", "There are too many persistent notifications"));
        }
        let mut notification =
            SystemNotification { id: random_id(), project_id, kind: kind.to_owned(), message, created_at: now() };
        let identity = (notification.id.clone(), notification.created_at);
        let part = key.as_ref().map(|key| key.for_part("project").with_answer(&())).transpose()?;
        let record = key.map(|key| key.with_answer(&identity)).transpose()?;
        let submitted = match &notification.project_id {
            Some(id) => {
                let mutation =
                    if persistent { Mutation::NotificationCreated(notification.clone()) } else { Mutation::Nothing };
                let audit = Some(notification.creation_audit(persistent, by).into());
                let change = notification_change(id, &notification, persistent)?;
                self.writer.submit_idempotent(ProjectChange { mutation, audit, idempotency: record, ..change }).await?
            }
            None => {
                self.store.add_notification_for_all_projects(&notification, persistent, by, record.as_deref()).await?
            }
        };
        let IdempotentAnswer { value, is_replayed } = submitted.into_answer(identity)?;
        (notification.id, notification.created_at) = value;
        if notification.project_id.is_none() {
            let projects = self.store.project_ids().await?;
            let publish = |id: String| self.publish_unless_project_deleted(id, &notification, persistent, part.clone());
            try_join_all(projects.into_iter().map(publish)).await?;
        }
        Ok(IdempotentAnswer { value: notification, is_replayed })
    }

    async fn publish_unless_project_deleted(
        &self,
        id: String,
        notification: &SystemNotification,
        persistent: bool,
        idempotency: Option<Box<IdempotencyRecord>>,
    ) -> Result<(), Error> {
        let change = notification_change(&id, notification, persistent)?;
        match self.writer.submit(ProjectChange { idempotency, ..change }).await {
            // The project was deleted in the meantime.
            Err(Error::NotFound(_)) => Ok(()),
            done => done,
        }
    }
}

/// Returns the change that logs a notification in one project.
fn notification_change(
    project_id: &str,
    notification: &SystemNotification,
    persistent: bool,
) -> Result<ProjectChange, Error> {
    let SystemNotification { id, kind, message, created_at: at, .. } = notification;
    let id = persistent.then_some(id.as_str());
    Ok(ProjectChange {
        project_id: project_id.into(),
        at: *at,
        mutation: Mutation::Nothing,
        event: Some(notification_event(project_id, id, kind, message, *at)?),
        audit: None,
        idempotency: None,
    })
}
