//! `Transports::Auto`: tries WebSocket first. Falls back to long-polling if the server is reachable but refuses the
//! WebSocket, or if no frame arrives over it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Authenticator, Endpoint, RequestAuth,
    dial::polling,
    fallback::PollingFallback,
    timer::now,
    transport::{
        Transport,
        websocket::{UpgradeFailure, WebSocket},
    },
};
use crate::{Error, Stage, session::ConnectionFailure};

/// State of [`Transports::Auto`](super::Transports::Auto) for one address.
pub(super) struct Auto {
    /// Time allowed for the upgrade and the first frame.
    patience: Duration,
    fallback: Mutex<PollingFallback>,
}

impl Auto {
    pub(super) fn new(connect_timeout: Duration) -> Self {
        Self { patience: connect_timeout / 2, fallback: Mutex::default() }
    }

    fn fallback(&self) -> MutexGuard<'_, PollingFallback> {
        self.fallback.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the server has acknowledged the namespace over the most recently opened transport.
    pub(super) fn on_acknowledged(&self) {
        self.fallback().on_acknowledged(now().mono);
    }

    /// Opens a transport. Only the first attempt may try both transports. Each later attempt tries one and leaves the
    /// other to the next attempt, because every connection counts towards the server's limit per minute.
    pub(super) async fn open(
        &self,
        endpoint: Arc<Endpoint>,
        authenticator: &Authenticator,
        auth: &RequestAuth,
        first: bool,
    ) -> Result<Box<dyn Transport>, ConnectionFailure> {
        let prefers_polling = self.fallback().begin(now().mono);
        if prefers_polling {
            return polling(endpoint, auth).await;
        }
        let refused = match self.websocket(&endpoint, auth).await {
            Ok(socket) => return Ok(Box::new(socket)),
            Err(refused) => refused,
        };
        if !refused.wants_polling {
            return Err(refused.failure);
        }
        if !first {
            self.fallback().websocket_refused();
            return Err(refused.failure);
        }
        let reason = authenticator.redact(refused.failure.into_error());
        tracing::debug!(server = endpoint.base_url.as_str(), "WebSocket failed ({reason}); trying long-polling");
        let transport = polling(endpoint, auth).await?;
        self.fallback().polling_opened();
        Ok(transport)
    }

    /// Opens a WebSocket and waits for its first frame. The time limit does not include reaching the server, because
    /// that does not depend on WebSocket support.
    async fn websocket(&self, endpoint: &Endpoint, auth: &RequestAuth) -> Result<WebSocket, UpgradeFailure> {
        let io = WebSocket::reach(endpoint).await?;
        let upgrade = async {
            let mut socket = WebSocket::upgrade(endpoint, auth, io, None).await?;
            socket.receive_first().await?;
            Ok(socket)
        };
        tokio::time::timeout(self.patience, upgrade).await.unwrap_or_else(|_| {
            let error = Error::connect_failed(Stage::Http, "the WebSocket did not open in time");
            Err(UpgradeFailure { failure: ConnectionFailure::Dial(error), wants_polling: true })
        })
    }
}
