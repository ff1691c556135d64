//! Access that ends while sockets are open: they are told at once.
//!
//! Whoever withdraws commits first and calls these afterwards; whoever connects or joins enters the room first and is checked
//! afterwards (again). So one of the two always sees the other. A socket that is still connecting is not found by its rooms: it is
//! checked once it is connected.

use std::sync::Arc;

use socketioxide::SocketIo;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::SocketRef;

use super::connection::Connection;
use super::expiry::ended_credentials;
use super::project_room;
use super::reply::{Failure, emit};
use crate::Error;
use crate::auth::{KeyAccess, Principal};

/// Sockets that share credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SocketGroup<'a> {
    /// By its name, see `session_name`.
    Session(&'a str),
    User(&'a str),
    /// And of its tokens.
    Key(&'a str),
    /// Any key of this project.
    KeysOfProject(&'a str),
}

impl SocketGroup<'_> {
    /// Not a project's room: those begin otherwise.
    fn room(self) -> String {
        match self {
            Self::Session(name) => format!("session_{name}"),
            Self::User(id) => format!("user_{id}"),
            Self::Key(id) => format!("key_{id}"),
            Self::KeysOfProject(id) => format!("keys_{id}"),
        }
    }
}

/// The rooms by which a principal's sockets are found.
pub(super) fn group_rooms(principal: &Principal) -> Vec<String> {
    match principal {
        Principal::Key(KeyAccess { key, .. }) => {
            vec![SocketGroup::Key(&key.id).room(), SocketGroup::KeysOfProject(&key.project_id).room()]
        }
        Principal::User { id, session, .. } => vec![SocketGroup::Session(session).room(), SocketGroup::User(id).room()],
    }
}

/// Tells the sockets that their credentials are no longer good, and disconnects them.
pub(crate) fn disconnect(io: &SocketIo, group: SocketGroup<'_>, message: &str) {
    for socket in sockets_in(io, group.room()) {
        disconnect_for(&socket, &Failure::new("authentication_failed", message));
    }
}

/// The same with a user's sockets, but for those of one session.
pub(crate) fn disconnect_other_sessions(io: &SocketIo, user_id: &str, kept: Option<&str>) {
    for socket in sockets_in(io, SocketGroup::User(user_id).room()) {
        let is_kept =
            socket.extensions.get::<Arc<Connection>>().is_some_and(|connection| match &connection.principal {
                Principal::User { session, .. } => Some(&**session) == kept,
                Principal::Key(_) => false,
            });
        if !is_kept {
            disconnect_for(&socket, &Failure::new("authentication_failed", "The password was changed"));
        }
    }
}

pub(super) fn disconnect_for(socket: &SocketRef<LocalAdapter>, why: &Failure) {
    emit(socket, "authentication_failed", why);
    let _ = socket.clone().disconnect();
}

/// Takes a user's sockets out of a project's room.
pub(crate) fn revoke_project_access(io: &SocketIo, user_id: &str, project_id: &str) {
    remove_all_from_project(
        io,
        SocketGroup::User(user_id).room(),
        project_id,
        "You are not a member of this project any more",
    );
}

/// Takes all sockets out of a project's room.
pub(crate) fn close_room(io: &SocketIo, project_id: &str) {
    remove_all_from_project(io, project_room(project_id), project_id, "The project was deleted");
}

fn remove_all_from_project(io: &SocketIo, room: String, project_id: &str, message: &str) {
    for socket in sockets_in(io, room) {
        if let Some(connection) = socket.extensions.get::<Arc<Connection>>()
            && connection.has_joined(project_id)
        {
            remove_from_project(&socket, &connection, project_id, message);
        }
    }
}

fn remove_from_project(socket: &SocketRef<LocalAdapter>, connection: &Connection, project_id: &str, message: &str) {
    let failure = Failure::new("access_denied", message).about(project_id);
    socket.leave(project_room(project_id));
    connection.remove_room(project_id);
    emit(socket, failure.event(), &failure);
}

fn sockets_in(io: &SocketIo, room: String) -> Vec<SocketRef<LocalAdapter>> {
    io.of("/").map(|namespace| namespace.within(room).sockets()).unwrap_or_default()
}

/// Checks every socket again, when something may have been withdrawn unheard.
pub(crate) async fn check_all(io: &SocketIo) -> Result<(), Error> {
    check(io.of("/").map(|namespace| namespace.sockets()).unwrap_or_default()).await
}

/// Checks the sockets of a user, of whom old news was heard: they may have signed in again since.
pub(crate) async fn check_user(io: &SocketIo, user_id: &str) -> Result<(), Error> {
    check(sockets_in(io, SocketGroup::User(user_id).room())).await
}

async fn check(sockets: Vec<SocketRef<LocalAdapter>>) -> Result<(), Error> {
    for socket in sockets {
        let Some(connection) = socket.extensions.get::<Arc<Connection>>() else {
            continue;
        };
        let auth = &connection.app.auth;
        if !auth.is_valid(&connection.principal).await? {
            disconnect_for(&socket, &ended_credentials(&connection.principal));
            continue;
        }
        for project_id in connection.rooms() {
            if auth.access_level(&connection.principal, &project_id).await?.is_none() {
                remove_from_project(&socket, &connection, &project_id, "You are not a member of this project any more");
            }
        }
    }
    Ok(())
}
