//! Disconnection of sockets whose credentials expire. They receive `authentication_failed` within a second of the expiry, or within 30 s if
//! the clock was adjusted.

use std::sync::{Arc, Weak};
use std::time::Duration;

use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::connection::Connection;
use super::revoke::{disconnect_with_authentication_failed, invalid_credentials_failure};
use crate::time::{Micros, now};

/// Maximum time between two checks of the clock. The limit is needed because the clock, unlike the timer, may be adjusted and advances
/// while the system is suspended.
const EXPIRY_SLEEP_MAX: Duration = Duration::from_secs(30);

/// Starts a task that disconnects the socket when its credentials expire. Returns `None` if they never expire.
pub(super) fn spawn_expiry_task(connection: &Arc<Connection>, socket: &SocketRef) -> Option<AbortHandle> {
    let at = connection.principal.expires_at()?;
    let (io, id, connection) = (connection.realtime.io.get()?.clone(), socket.id, Arc::downgrade(connection));
    let watch = async move {
        sleep_until_clock_time(at).await;
        disconnect_expired(&io, id, &connection);
    };
    Some(tokio::spawn(watch).abort_handle())
}

async fn sleep_until_clock_time(at: Micros) {
    while let Some(left) = u64::try_from(at - now()).ok().filter(|&left| left > 0) {
        sleep(Duration::from_micros(left).min(EXPIRY_SLEEP_MAX)).await;
    }
}

fn disconnect_expired(io: &SocketIo, id: socketioxide::socket::Sid, connection: &Weak<Connection>) {
    let Some(connection) = connection.upgrade() else { return };
    if let Some(socket) = io.of("/").and_then(|namespace| namespace.get_socket(id)) {
        disconnect_with_authentication_failed(&socket, &invalid_credentials_failure(&connection.principal));
    }
}
