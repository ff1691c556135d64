//! Handling of `join_project` and `leave_project`.

use serde::Serialize;
use serde_json::Value;
use socketioxide::extract::SocketRef;

use super::connection::Connection;
use super::reply::{Failure, emit};
use super::request_payload::requested_project_id;
use super::rooms::project_room_name;
use crate::auth::Permission;
use crate::store::{NotificationPayload, Scope, SystemNotification};

#[derive(Serialize)]
struct JoinedProjectPayload<'a> {
    project_id: &'a str,
    room: &'a str,
    replay: bool,
    event_id: i64,
    log: &'a str,
}

#[derive(Serialize)]
struct LeftProjectPayload<'a> {
    project_id: &'a str,
}

pub(super) async fn on_join_project(
    connection: &Connection,
    socket: &SocketRef,
    payload: Option<Value>,
) -> Result<(), Failure> {
    let id = requested_project_id(payload.as_ref())?;
    let store = &connection.realtime.store;
    let internal = |error| Failure::internal(&error).with_project(id);
    if !store.project_exists(id).await.map_err(internal)? {
        return Err(project_not_found(id));
    }
    check_may_read(connection, id).await?;
    connection.add_project(id).map_err(|failure| failure.with_project(id))?;
    let room = project_room_name(id);
    socket.join(room.clone());
    // A socket that was closed in the meantime has already left its other rooms, so it must leave this one here.
    if !socket.connected() {
        socket.leave_all();
        return Ok(());
    }
    let publisher = &connection.realtime.publisher;
    let is_followed = publisher.follow(id).await;
    let (event_id, notifications) = match recheck_and_read_join_state(connection, id).await {
        Ok(checked) => {
            if !is_followed {
                publisher.start_sequence(id, checked.0).await;
            }
            checked
        }
        Err(failure) => {
            socket.leave(room);
            connection.remove_project(id);
            return Err(failure);
        }
    };
    let log = store.log_id();
    let joined = JoinedProjectPayload { project_id: id, room: &room, replay: true, event_id, log: &log };
    emit(socket, "joined_project", &joined);
    for notification in &notifications {
        emit(socket, "system_notification", &NotificationPayload::of_persistent(notification, id));
    }
    Ok(())
}

async fn check_may_read(connection: &Connection, id: &str) -> Result<(), Failure> {
    match connection.realtime.auth.project_access(&connection.principal, id).await {
        Ok(Some(access)) if Permission::Read.is_granted_to(access) => Ok(()),
        // The principal must be a key, because every member may read.
        Ok(Some(_)) => Err(Failure::missing_scope(Scope::Read).with_project(id)),
        Ok(None) => Err(Failure::new("access_denied", "Access denied to project").with_project(id)),
        Err(error) => Err(Failure::internal(&error).with_project(id)),
    }
}

/// Checks access again once the socket is in the room, and reads the newest event id and the persistent notifications. From then on, each
/// event with an id greater than the one read is published to the socket, and the socket is notified if access is withdrawn.
async fn recheck_and_read_join_state(
    connection: &Connection,
    id: &str,
) -> Result<(i64, Vec<SystemNotification>), Failure> {
    let internal = |error| Failure::internal(&error).with_project(id);
    let store = &connection.realtime.store;
    check_may_read(connection, id).await?;
    let head = store.event_head(id).await.map_err(internal)?.ok_or_else(|| project_not_found(id))?;
    Ok((head, store.notifications(id).await.map_err(internal)?))
}

pub(super) fn on_leave_project(
    connection: &Connection,
    socket: &SocketRef,
    payload: Option<Value>,
) -> Result<(), Failure> {
    let project_id = requested_project_id(payload.as_ref())?;
    socket.leave(project_room_name(project_id));
    connection.remove_project(project_id);
    emit(socket, "left_project", &LeftProjectPayload { project_id });
    Ok(())
}

fn project_not_found(id: &str) -> Failure {
    Failure::new("project_not_found", format!("Project {id} not found")).with_project(id)
}
