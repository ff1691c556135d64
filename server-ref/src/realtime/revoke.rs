//! Withdrawal of access from open sockets, whose clients are notified immediately.
//!
//! A change that withdraws access is committed before the sockets are looked up, and a socket that connects or joins enters its rooms
//! before its access is checked again. Whichever happens first, either the look-up finds the socket or the check finds the change. Rooms do
//! not list sockets that are still connecting, so these are checked once they are connected.

use std::sync::Arc;

use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::SocketRef;

use super::connection::Connection;
use super::hang_up::HangUpHandle;
use super::reply::{Failure, emit};
use super::rooms::{SocketGroup, project_room_name};
use super::shared_state::Realtime;
use crate::Error;
use crate::auth::Principal;
use crate::time::now;

/// Message for the sockets of a user who is no longer a member of a project.
const NOT_A_MEMBER_MESSAGE: &str = "You are not a member of this project any more";

impl Realtime {
    /// Notifies a group of sockets that their credentials are no longer valid and disconnects them.
    pub(crate) fn disconnect_group(&self, group: SocketGroup<'_>, message: &str) {
        for socket in self.sockets_in(group.room_name()) {
            disconnect_with_authentication_failed(&socket, &Failure::new("authentication_failed", message));
        }
    }

    /// Disconnects a user's sockets after a password change, except the sockets of the session whose id has the hash `kept_session`.
    pub(crate) fn disconnect_after_password_change(&self, user_id: &str, kept_session: Option<&str>) {
        for socket in self.sockets_in(SocketGroup::User(user_id).room_name()) {
            let is_kept =
                socket.extensions.get::<Arc<Connection>>().is_some_and(|connection| match &connection.principal {
                    Principal::User { session_id_hash, .. } => Some(&**session_id_hash) == kept_session,
                    Principal::Key(_) => false,
                });
            if !is_kept {
                disconnect_with_authentication_failed(
                    &socket,
                    &Failure::new("authentication_failed", "The password was changed"),
                );
            }
        }
    }

    /// Disconnects all clients of this node after the log's id has changed. They receive the new id when they reconnect and join again.
    pub(crate) async fn disconnect_all_after_log_change(&self) {
        // The publisher is reset first. A join in progress then either follows the project again, or its socket is disconnected below.
        self.publisher.stop_following_all().await;
        for socket in self.io.get().and_then(|io| io.of("/")).map(|namespace| namespace.sockets()).unwrap_or_default() {
            // Stock clients reconnect after a lost connection, but not after a DISCONNECT, so WebSockets are closed without one.
            match socket.req_parts().extensions.get::<HangUpHandle>() {
                Some(handle) => handle.hang_up(),
                None => drop(socket.disconnect()),
            }
        }
    }

    /// Removes a user's sockets from a project's room.
    pub(crate) fn revoke_project_access(&self, user_id: &str, project_id: &str) {
        self.remove_sockets_from_project(SocketGroup::User(user_id).room_name(), project_id, NOT_A_MEMBER_MESSAGE);
    }

    /// Removes all sockets from the room of a deleted project.
    pub(crate) fn close_project_room(&self, project_id: &str) {
        self.remove_sockets_from_project(project_room_name(project_id), project_id, "The project was deleted");
    }

    /// Checks the access of every socket again, because the announcement of a withdrawal may have been missed.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub(crate) async fn recheck_access_of_all(&self) -> Result<(), Error> {
        let namespace = self.io.get().and_then(|io| io.of("/"));
        recheck_access_of_sockets(namespace.map(|namespace| namespace.sockets()).unwrap_or_default()).await
    }

    /// Checks the access of a user's sockets again, after an announcement that may be outdated.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub(crate) async fn recheck_access_of_user(&self, user_id: &str) -> Result<(), Error> {
        recheck_access_of_sockets(self.sockets_in(SocketGroup::User(user_id).room_name())).await
    }

    /// Removes sockets from the project's room: those in `room` that have joined the project.
    fn remove_sockets_from_project(&self, room: String, project_id: &str, message: &str) {
        for socket in self.sockets_in(room) {
            if let Some(connection) = socket.extensions.get::<Arc<Connection>>()
                && connection.has_joined(project_id)
            {
                remove_socket_from_project(&socket, &connection, project_id, message);
            }
        }
    }

    fn sockets_in(&self, room: String) -> Vec<SocketRef<LocalAdapter>> {
        let namespace = self.io.get().and_then(|io| io.of("/"));
        namespace.map(|namespace| namespace.within(room).sockets()).unwrap_or_default()
    }
}

/// Emits `authentication_failed` and disconnects the socket.
pub(super) fn disconnect_with_authentication_failed(socket: &SocketRef<LocalAdapter>, failure: &Failure) {
    emit(socket, "authentication_failed", failure);
    let _ = socket.clone().disconnect();
}

/// Returns the failure for credentials that are no longer valid.
pub(super) fn invalid_credentials_failure(principal: &Principal) -> Failure {
    match principal {
        Principal::Key(access) => match access.check_validity(now()) {
            Err(refusal) => Failure::new(refusal.code(), refusal.to_string()),
            Ok(()) => Failure::new("authentication_failed", "The credentials were revoked"),
        },
        Principal::User { .. } => Failure::new("authentication_failed", "The session has ended"),
    }
}

fn remove_socket_from_project(
    socket: &SocketRef<LocalAdapter>,
    connection: &Connection,
    project_id: &str,
    message: &str,
) {
    let failure = Failure::new("access_denied", message).with_project(project_id);
    socket.leave(project_room_name(project_id));
    connection.remove_project(project_id);
    emit(socket, failure.event_name(), &failure);
}

async fn recheck_access_of_sockets(sockets: Vec<SocketRef<LocalAdapter>>) -> Result<(), Error> {
    for socket in sockets {
        let Some(connection) = socket.extensions.get::<Arc<Connection>>() else {
            continue;
        };
        let auth = &connection.realtime.auth;
        if !auth.is_still_valid(&connection.principal).await? {
            disconnect_with_authentication_failed(&socket, &invalid_credentials_failure(&connection.principal));
            continue;
        }
        for project_id in connection.joined_projects() {
            if auth.project_access(&connection.principal, &project_id).await?.is_none() {
                remove_socket_from_project(&socket, &connection, &project_id, NOT_A_MEMBER_MESSAGE);
            }
        }
    }
    Ok(())
}
