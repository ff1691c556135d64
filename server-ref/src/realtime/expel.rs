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
use super::reply::{Failure, emit};
use super::room;
use crate::auth::Principal;

/// Whose sockets are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    Session(&'a str),
    User(&'a str),
    Key(&'a str),
}

impl Whose<'_> {
    /// Not a project's room: those begin otherwise.
    fn room(self) -> String {
        match self {
            Self::Session(id) => format!("session_{id}"),
            Self::User(id) => format!("user_{id}"),
            Self::Key(id) => format!("key_{id}"),
        }
    }
}

/// The rooms by which a principal's sockets are found.
pub(super) fn rooms(principal: &Principal) -> Vec<String> {
    match principal {
        Principal::Key(owner) => vec![Whose::Key(&owner.id).room()],
        Principal::User { id, session } => vec![Whose::Session(session).room(), Whose::User(id).room()],
    }
}

/// Tells the sockets that their credentials are no longer good, and disconnects them.
pub(crate) fn disconnect(io: &SocketIo, whose: Whose<'_>, message: &str) {
    for socket in sockets(io, whose.room()) {
        dismiss(&socket, message);
    }
}

pub(super) fn dismiss(socket: &SocketRef<LocalAdapter>, message: &str) {
    emit(socket, "authentication_failed", &Failure::new("authentication_failed", message));
    let _ = socket.clone().disconnect();
}

/// Takes a user's sockets out of a project's room.
pub(crate) fn expel(io: &SocketIo, user_id: &str, project_id: &str) {
    leave(io, Whose::User(user_id).room(), project_id, "You are not a member of this project any more");
}

/// Takes all sockets out of a project's room.
pub(crate) fn close_room(io: &SocketIo, project_id: &str) {
    leave(io, room(project_id), project_id, "The project was deleted");
}

fn leave(io: &SocketIo, among: String, project_id: &str, message: &str) {
    let failure = Failure::new("access_denied", message).about(project_id);
    for socket in sockets(io, among) {
        let Some(connection) = socket.extensions.get::<Arc<Connection>>() else {
            continue;
        };
        if connection.has_joined(project_id) {
            socket.leave(room(project_id));
            connection.exit(project_id);
            emit(&socket, failure.event(), &failure);
        }
    }
}

fn sockets(io: &SocketIo, room: String) -> Vec<SocketRef<LocalAdapter>> {
    io.of("/").map(|namespace| namespace.within(room).sockets()).unwrap_or_default()
}
