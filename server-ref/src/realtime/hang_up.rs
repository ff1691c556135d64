//! Closing of a WebSocket's TCP connection without sending an Engine.IO packet.

use tokio_util::sync::CancellationToken;

/// A handle that hangs up an upgraded connection, stored as an extension of the upgrade request.
#[derive(Debug, Clone)]
pub(crate) struct HangUpHandle(CancellationToken);

impl HangUpHandle {
    /// Creates a handle. The connection is closed when `token` is cancelled.
    pub(crate) fn new(token: CancellationToken) -> Self {
        Self(token)
    }

    pub(crate) fn hang_up(&self) {
        self.0.cancel();
    }
}
