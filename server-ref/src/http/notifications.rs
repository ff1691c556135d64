//! Routes `/api/notifications[/{id}]`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::{Caller, ProjectCaller};
use super::error::ApiError;
use super::idempotency::{IdempotencyHeaderDescription, KeyedBody, ReplayableAnswer};
use super::input::{JsonBody, PathIds, trim_and_check_text};
use super::success_answer::{SuccessAnswer, answer};
use crate::app::{App, NotificationDraft};
use crate::auth::Permission;
use crate::store::SystemNotification;

const MESSAGE_CHARS_MAX: usize = 2000;

/// The severity of a notification.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum NotificationType {
    Info,
    Warning,
    Error,
    Success,
}

impl NotificationType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Success => "success",
        }
    }
}

/// A new notification for the sockets of a project, or of all projects.
#[derive(Deserialize, ToSchema)]
pub(super) struct NotificationBody {
    r#type: NotificationType,
    message: String,
    /// True to also send the notification to sockets that join later, until it is withdrawn; false by default.
    #[serde(default)]
    persistent: bool,
    /// Id of the project. If omitted, all projects are notified; only administrators of the server may do this.
    project_id: Option<String>,
}

answer!(NotificationAnswer { notification: SystemNotification });
answer!(NotificationsAnswer { notifications: Vec<SystemNotification> });

/// Lists the persistent notifications that a socket receives when it joins the project.
#[utoipa::path(
    get, path = "/api/notifications", tag = "notifications",
    params(("project_id" = Option<String>, Query, description = "Required with a session whose user belongs to several projects")),
    responses((status = 200, body = NotificationsAnswer))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    project: ProjectCaller,
) -> Result<Json<NotificationsAnswer>, ApiError> {
    let project_id = project.require_permission(&app, Permission::Read).await?;
    Ok(NotificationsAnswer::new(app.store.notifications(&project_id).await?))
}

/// Publishes a `system_notification`. For admins of the project; only administrators of the server can notify all projects.
#[utoipa::path(
    post, path = "/api/notifications", tag = "notifications", params(IdempotencyHeaderDescription), request_body = NotificationBody,
    responses((status = 201, body = NotificationAnswer))
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    KeyedBody { body: JsonBody(body), key }: KeyedBody<JsonBody<NotificationBody>>,
) -> Result<ReplayableAnswer<NotificationAnswer>, ApiError> {
    check_may_notify(&app, &caller, body.project_id.as_deref()).await?;
    let message = trim_and_check_text("message", &body.message, MESSAGE_CHARS_MAX)?;
    let draft = NotificationDraft { kind: body.r#type.as_str(), message, persistent: body.persistent };
    let done = app.notify(body.project_id, draft, &caller.actor(), key).await?;
    let answer = NotificationAnswer::new(done.value);
    Ok(ReplayableAnswer { status: StatusCode::CREATED, answer, is_replayed: done.is_replayed })
}

/// Withdraws a persistent notification. Sockets that join later no longer receive it.
#[utoipa::path(
    delete, path = "/api/notifications/{id}", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = SuccessAnswer))
)]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathIds(id): PathIds<String>,
) -> Result<Json<SuccessAnswer>, ApiError> {
    caller.user_id()?;
    let not_found = || ApiError::not_found("Notification not found");
    let notification = app.store.notification(&id).await?.ok_or_else(not_found)?;
    check_may_notify(&app, &caller, notification.project_id.as_deref()).await?;
    if !app.store.delete_notification(&id, &caller.actor()).await? {
        return Err(not_found());
    }
    Ok(SuccessAnswer::new())
}

async fn check_may_notify(app: &App, caller: &Caller, project_id: Option<&str>) -> Result<(), ApiError> {
    match project_id {
        Some(id) => caller.require_permission(app, id, Permission::Notify).await.map(drop),
        None => caller.require_server_admin(app).await.map(drop),
    }
}
