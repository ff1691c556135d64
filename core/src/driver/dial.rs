//! One attempt: credentials, then the transport that works.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Access, Authority, Environment,
    fallback::PollingFallback,
    timer::now,
    transport::{
        Transport,
        polling::Polling,
        websocket::{Refused, WebSocket},
    },
};
use crate::{
    Error, Stage,
    session::{CredentialsReason, Fault, Proof},
};

/// Which transports to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Transports {
    /// WebSocket; HTTP long-polling when it can't be had.
    #[default]
    Auto,
    /// WebSocket only.
    WebSocket,
    /// HTTP long-polling, upgraded to WebSocket if the server offers it.
    Polling,
}

/// An open transport.
pub(crate) struct Dialed {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) proof: Proof,
    pub(crate) auth: Option<String>,
}

/// The future of one attempt. Dropping it gives the attempt up.
pub(crate) type DialPlan = Pin<Box<dyn Future<Output = Result<Dialed, Fault>> + Send>>;

/// Opens transports. Tests put one in place that needs no sockets.
pub(crate) trait Dialer: Send + Sync {
    fn dial(&self, reason: CredentialsReason) -> DialPlan;

    /// The server has acknowledged the namespace over the transport that was opened last.
    fn on_acknowledged(&self) {}
}

/// Opens transports over the network.
pub(crate) struct SocketDialer {
    pub(crate) environment: Arc<Environment>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) transports: Transports,
    pub(crate) connect_timeout: Duration,
    fallback: Arc<Mutex<PollingFallback>>,
}

impl SocketDialer {
    pub(crate) fn new(
        environment: Arc<Environment>,
        authority: Arc<Authority>,
        transports: Transports,
        connect_timeout: Duration,
    ) -> Self {
        Self { environment, authority, transports, connect_timeout, fallback: Arc::default() }
    }
}

impl Dialer for SocketDialer {
    fn dial(&self, reason: CredentialsReason) -> DialPlan {
        let (environment, authority) = (self.environment.clone(), self.authority.clone());
        let (transports, patience) = (self.transports, self.connect_timeout / 2);
        let fallback = self.fallback.clone();
        if reason == CredentialsReason::Reconnect {
            environment.forget_connections();
        }
        Box::pin(async move {
            let access = authority.access(&environment, reason).await?;
            let transport = match transports {
                Transports::WebSocket => websocket(&environment, &access).await.map_err(|refused| refused.fault)?,
                Transports::Polling => polling(environment, &access).await?,
                Transports::Auto => {
                    let first = reason == CredentialsReason::First;
                    let auto = Auto { environment, authority: &authority, patience, fallback: &fallback };
                    auto.open(&access, first).await?
                }
            };
            let proof = Proof { just_accepted: access.just_accepted };
            Ok(Dialed { transport, proof, auth: access.auth.map(|auth| auth.expose().to_owned()) })
        })
    }

    fn on_acknowledged(&self) {
        lock(&self.fallback).on_acknowledged(now().mono);
    }
}

fn lock(fallback: &Mutex<PollingFallback>) -> MutexGuard<'_, PollingFallback> {
    fallback.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn websocket(environment: &Environment, access: &Access) -> Result<Box<dyn Transport>, Refused> {
    Ok(Box::new(WebSocket::dial(environment, access, None).await?))
}

async fn polling(environment: Arc<Environment>, access: &Access) -> Result<Box<dyn Transport>, Fault> {
    Ok(Box::new(Polling::dial(environment, access.clone(), true).await?))
}

/// WebSocket first; polling where the server was reached but refused WebSocket, or opened one that carries nothing.
struct Auto<'a> {
    environment: Arc<Environment>,
    authority: &'a Authority,
    /// How long the upgrade and the first frame may take.
    patience: Duration,
    fallback: &'a Mutex<PollingFallback>,
}

impl Auto<'_> {
    /// Only the `first` attempt tries both. Later ones try one and leave the other to the next attempt, because every
    /// connection counts against what a server allows an address in a minute.
    async fn open(self, access: &Access, first: bool) -> Result<Box<dyn Transport>, Fault> {
        let prefers_polling = lock(self.fallback).begin(now().mono);
        if prefers_polling {
            return polling(self.environment, access).await;
        }
        let refused = match self.websocket(access).await {
            Ok(socket) => return Ok(Box::new(socket)),
            Err(refused) => refused,
        };
        if !refused.wants_polling {
            return Err(refused.fault);
        }
        if !first {
            lock(self.fallback).websocket_refused();
            return Err(refused.fault);
        }
        let reason = self.authority.hide(refused.fault.into_error());
        tracing::debug!(server = self.environment.target.address(), "no WebSocket ({reason}); trying long-polling");
        let transport = polling(self.environment, access).await?;
        lock(self.fallback).polling_opened();
        Ok(transport)
    }

    /// A WebSocket that has carried a frame. The time to reach the server is not limited here: it says nothing about
    /// WebSocket.
    async fn websocket(&self, access: &Access) -> Result<WebSocket, Refused> {
        let io = WebSocket::reach(&self.environment).await?;
        let upgrade = async {
            let mut socket = WebSocket::upgrade(&self.environment, access, io, None).await?;
            socket.hear().await?;
            Ok(socket)
        };
        tokio::time::timeout(self.patience, upgrade).await.unwrap_or_else(|_| {
            let error = Error::connect_failed(Stage::Http, "no WebSocket in time");
            Err(Refused { fault: Fault::Dial(error), wants_polling: true })
        })
    }
}
