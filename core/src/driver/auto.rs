//! `Transports::Auto`: WebSocket first; polling where the server was reached but refused WebSocket, or opened one that
//! carries nothing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Authenticator, Environment, RequestAuth,
    dial::polling,
    fallback::PollingFallback,
    timer::now,
    transport::{
        Transport,
        websocket::{Refused, WebSocket},
    },
};
use crate::{Error, Stage, session::Fault};

/// What is known about one address.
pub(super) struct Auto {
    /// How long the upgrade and the first frame may take.
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

    /// The server has acknowledged the namespace over the transport that was opened last.
    pub(super) fn on_acknowledged(&self) {
        self.fallback().on_acknowledged(now().mono);
    }

    /// Only the `first` attempt tries both. Later ones try one and leave the other to the next attempt, because every
    /// connection counts against what a server allows an address in a minute.
    pub(super) async fn open(
        &self,
        environment: Arc<Environment>,
        authenticator: &Authenticator,
        auth: &RequestAuth,
        first: bool,
    ) -> Result<Box<dyn Transport>, Fault> {
        let prefers_polling = self.fallback().begin(now().mono);
        if prefers_polling {
            return polling(environment, auth).await;
        }
        let refused = match self.websocket(&environment, auth).await {
            Ok(socket) => return Ok(Box::new(socket)),
            Err(refused) => refused,
        };
        if !refused.wants_polling {
            return Err(refused.fault);
        }
        if !first {
            self.fallback().websocket_refused();
            return Err(refused.fault);
        }
        let reason = authenticator.redact(refused.fault.into_error());
        tracing::debug!(server = environment.target.address(), "no WebSocket ({reason}); trying long-polling");
        let transport = polling(environment, auth).await?;
        self.fallback().polling_opened();
        Ok(transport)
    }

    /// A WebSocket that has carried a frame. The time to reach the server is not limited here: it says nothing about
    /// WebSocket.
    async fn websocket(&self, environment: &Environment, auth: &RequestAuth) -> Result<WebSocket, Refused> {
        let io = WebSocket::reach(environment).await?;
        let upgrade = async {
            let mut socket = WebSocket::upgrade(environment, auth, io, None).await?;
            socket.hear().await?;
            Ok(socket)
        };
        tokio::time::timeout(self.patience, upgrade).await.unwrap_or_else(|_| {
            let error = Error::connect_failed(Stage::Http, "no WebSocket in time");
            Err(Refused { fault: Fault::Dial(error), wants_polling: true })
        })
    }
}
