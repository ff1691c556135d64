//! The closing of a WebSocket's TCP connection without a word of Engine.IO.

use tokio_util::sync::CancellationToken;

/// A handle that hangs up an upgraded connection. The request of the upgrade carries it.
#[derive(Debug, Clone)]
pub(crate) struct HangUp(CancellationToken);

impl HangUp {
    /// `token` is what the connection waits for.
    pub(crate) fn new(token: CancellationToken) -> Self {
        Self(token)
    }

    pub(crate) fn now(&self) {
        self.0.cancel();
    }
}
