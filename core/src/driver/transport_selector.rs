//! Implementation of `Transports::Auto`. It tries WebSocket first, unless long-polling has worked recently, and falls
//! back to long-polling if the server or a proxy refuses the WebSocket, or if no frame arrives over the WebSocket.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Authenticator, Endpoint, RequestAuth,
    dial::open_polling,
    polling_fallback::PollingFallback,
    timer::now,
    transport::{
        Transport,
        websocket::{WebSocket, WebSocketFailure},
    },
};
use crate::{Error, Stage, session::ConnectionFailure};

/// State of [`Transports::Auto`](super::Transports::Auto) for one address.
pub(super) struct TransportSelector {
    /// Time allowed for the upgrade and the first frame.
    upgrade_timeout: Duration,
    fallback: Mutex<PollingFallback>,
}

impl TransportSelector {
    pub(super) fn new(connect_timeout: Duration) -> Self {
        Self { upgrade_timeout: connect_timeout / 2, fallback: Mutex::default() }
    }

    fn fallback(&self) -> MutexGuard<'_, PollingFallback> {
        self.fallback.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the connection over the most recently opened transport is usable.
    pub(super) fn on_connection_usable(&self) {
        self.fallback().on_connection_usable(now().mono);
    }

    /// Opens a transport. Until the client has connected once, the first attempt with each of the configured credentials may
    /// try both transports. Every other attempt tries one and may leave the other to the next attempt, because the server limits
    /// the number of connections per minute.
    pub(super) async fn open(
        &self,
        endpoint: Arc<Endpoint>,
        authenticator: &Authenticator,
        auth: &RequestAuth,
        is_first_attempt: bool,
    ) -> Result<Box<dyn Transport>, ConnectionFailure> {
        let prefers_polling = self.fallback().take_polling_preference(now().mono);
        if prefers_polling {
            return open_polling(endpoint, auth).await;
        }
        let refused = match self.open_websocket(&endpoint, auth).await {
            Ok(socket) => return Ok(Box::new(socket)),
            Err(refused) => refused,
        };
        if !refused.should_try_polling {
            return Err(refused.failure);
        }
        if !is_first_attempt {
            self.fallback().on_websocket_refused();
            return Err(refused.failure);
        }
        let reason = authenticator.redact(refused.failure.into_error());
        tracing::debug!(server = endpoint.base_url.as_str(), "WebSocket failed ({reason}); trying long-polling");
        let transport = open_polling(endpoint, auth).await?;
        self.fallback().on_polling_opened();
        Ok(transport)
    }

    /// Opens a WebSocket and waits for its first frame. The time limit starts once the server has been reached, because
    /// the time needed to reach it does not depend on WebSocket support.
    async fn open_websocket(&self, endpoint: &Endpoint, auth: &RequestAuth) -> Result<WebSocket, WebSocketFailure> {
        let io = WebSocket::open_byte_stream(endpoint).await?;
        let upgrade = async {
            let mut socket = WebSocket::upgrade(endpoint, auth, io, None).await?;
            socket.receive_first_frame().await?;
            Ok(socket)
        };
        tokio::time::timeout(self.upgrade_timeout, upgrade).await.unwrap_or_else(|_| {
            let error = Error::connect_failed(Stage::Http, "the WebSocket did not open in time");
            Err(WebSocketFailure { failure: ConnectionFailure::Dial(error), should_try_polling: true })
        })
    }
}
