//! Disconnection of sockets whose credentials expire. They receive `authentication_failed` within a second.

use std::sync::{Arc, Weak};
use std::time::Duration;

use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::connection::Connection;
use super::revoke::{disconnect_for, ended_credentials};
use crate::time::{Micros, now};

/// Maximum time between two checks of the clock, because the system's clock may be set, and continues while the system is suspended.
const EXPIRY_SLEEP_MAX: Duration = Duration::from_secs(30);

/// Starts a task that disconnects the socket when its credentials expire; `None` if they never expire.
pub(super) fn watch(connection: &Arc<Connection>, socket: &SocketRef) -> Option<AbortHandle> {
    let at = connection.principal.expires_at()?;
    let (io, id, connection) = (connection.realtime.io.get()?.clone(), socket.id, Arc::downgrade(connection));
    let watch = async move {
        sleep_until(at).await;
        end(&io, id, &connection);
    };
    Some(tokio::spawn(watch).abort_handle())
}

async fn sleep_until(at: Micros) {
    while let Some(left) = u64::try_from(at - now()).ok().filter(|&left| left > 0) {
        sleep(Duration::from_micros(left).min(EXPIRY_SLEEP_MAX)).await;
    }
}

fn end(io: &SocketIo, id: socketioxide::socket::Sid, connection: &Weak<Connection>) {
    let Some(connection) = connection.upgrade() else { return };
    if let Some(socket) = io.of("/").and_then(|namespace| namespace.get_socket(id)) {
        disconnect_for(&socket, &ended_credentials(&connection.principal));
    }
}
