//! `system_notification`s that people publish.
//!
//! Each notification is written to the logs of its projects, so it is replayed like any other event. A persistent notification is also
//! stored outside the logs until it is withdrawn, and sent to every socket that joins. This copy has no `event_id`, because it is not a
//! new event, and keeps its original `notification_id`, by which clients recognise it.

use futures_util::future::try_join_all;

use super::App;
use crate::Error;
use crate::ids::random_id;
use crate::store::{Actor, AuditDraft, Mutation, ProjectChange, SystemNotification, notification_event};
use crate::time::now;

/// Maximum number of persistent notifications of one project, and of those for all projects. It is small because every joining socket receives them.
const PERSISTENT_NOTIFICATIONS_MAX: i64 = 100;

impl App {
    /// Publishes a notification in a project or, without `project_id`, in all projects.
    pub(crate) async fn notify(
        &self,
        project_id: Option<String>,
        kind: &str,
        message: String,
        persistent: bool,
        by: &Actor,
    ) -> Result<SystemNotification, Error> {
        if persistent && self.store.notification_count(project_id.as_deref()).await? >= PERSISTENT_NOTIFICATIONS_MAX {
            return Err(Error::Conflict("limit_reached", "There are too many persistent notifications"));
        }
        let notification =
            SystemNotification { id: random_id(), project_id, kind: kind.to_owned(), message, created_at: now() };
        match &notification.project_id {
            Some(id) => {
                let mutation = if persistent { Mutation::Notified(notification.clone()) } else { Mutation::Nothing };
                let audit = Some(notification.created(persistent, by).into());
                self.publish_notification(id, &notification, persistent, mutation, audit).await?;
            }
            None => {
                self.store.add_notification(&notification, persistent, by).await?;
                let projects = self.store.project_ids().await?;
                let publish = |id: String| self.publish_to_all(id, &notification, persistent);
                try_join_all(projects.into_iter().map(publish)).await?;
            }
        }
        Ok(notification)
    }

    async fn publish_to_all(
        &self,
        id: String,
        notification: &SystemNotification,
        persistent: bool,
    ) -> Result<(), Error> {
        match self.publish_notification(&id, notification, persistent, Mutation::Nothing, None).await {
            // The project was deleted in the meantime.
            Err(Error::NotFound(_)) => Ok(()),
            done => done,
        }
    }

    async fn publish_notification(
        &self,
        project_id: &str,
        notification: &SystemNotification,
        persistent: bool,
        mutation: Mutation,
        audit: Option<Box<AuditDraft>>,
    ) -> Result<(), Error> {
        let SystemNotification { id, kind, message, created_at: at, .. } = notification;
        let id = persistent.then_some(id.as_str());
        let event = Some(notification_event(project_id, id, kind, message, *at)?);
        self.writer.submit(ProjectChange { project_id: project_id.into(), at: *at, mutation, event, audit }).await
    }
}
