//! `join_project` and `leave_project`.

use serde::Serialize;
use serde_json::Value;
use socketioxide::extract::SocketRef;

use super::connection::Connection;
use super::reply::{Failure, emit};
use super::room;
use crate::ids::is_project_id;

#[derive(Serialize)]
struct Joined<'a> {
    project_id: &'a str,
    room: &'a str,
    replay: bool,
    event_id: i64,
    log: &'a str,
}

#[derive(Serialize)]
struct Left<'a> {
    project_id: &'a str,
}

pub(super) async fn join(connection: &Connection, socket: &SocketRef, payload: Option<Value>) -> Result<(), Failure> {
    let id = project_id(payload.as_ref())?;
    let store = &connection.app.store;
    let internal = |error| Failure::internal(&error).about(id);
    if !store.project_exists(id).await.map_err(internal)? {
        return Err(not_found(id));
    }
    let allowed = connection.app.auth.may_access(&connection.principal, id).await;
    if !allowed.map_err(internal)? {
        return Err(Failure::new("access_denied", "Access denied to project").about(id));
    }
    connection.enter(id).map_err(|failure| failure.about(id))?;
    let room = room(id);
    // First the room, then the head: every event with a greater id is published after this socket is in the room.
    socket.join(room.clone());
    // A connection that was closed meanwhile has been taken out of its rooms already.
    if !socket.connected() {
        socket.leave_all();
        return Ok(());
    }
    let event_id = match store.event_head(id).await {
        Ok(Some(head)) => head,
        other => {
            socket.leave(room);
            connection.exit(id);
            return Err(other.map_or_else(internal, |_| not_found(id)));
        }
    };
    let joined = Joined { project_id: id, room: &room, replay: true, event_id, log: store.log_id() };
    emit(socket, "joined_project", &joined);
    Ok(())
}

pub(super) fn leave(connection: &Connection, socket: &SocketRef, payload: Option<Value>) -> Result<(), Failure> {
    let project_id = project_id(payload.as_ref())?;
    socket.leave(room(project_id));
    connection.exit(project_id);
    emit(socket, "left_project", &Left { project_id });
    Ok(())
}

/// The project that a payload names.
pub(super) fn project_id(payload: Option<&Value>) -> Result<&str, Failure> {
    match payload.and_then(|payload| payload.get("project_id")) {
        None | Some(Value::Null) => Err(Failure::invalid("Project ID required")),
        Some(Value::String(id)) if id.is_empty() => Err(Failure::invalid("Project ID required")),
        Some(Value::String(id)) if is_project_id(id) => Ok(id),
        Some(_) => Err(Failure::invalid("Invalid project ID format")),
    }
}

fn not_found(id: &str) -> Failure {
    Failure::new("project_not_found", format!("Project {id} not found")).about(id)
}
