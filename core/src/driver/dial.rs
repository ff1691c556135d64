//! One attempt: credentials, then the transport that works.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Authenticator, Environment, RequestAuth,
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
    session::{CredentialChoice, CredentialsReason, Fault, Proof},
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
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialPlan;

    /// The server has acknowledged the namespace over the transport that was opened last.
    fn on_acknowledged(&self) {}
}

/// Opens transports over the network.
pub(crate) struct SocketDialer {
    pub(crate) environment: Arc<Environment>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) transports: Transports,
    pub(crate) connect_timeout: Duration,
    fallback: Arc<Mutex<PollingFallback>>,
}

impl SocketDialer {
    pub(crate) fn new(
        environment: Arc<Environment>,
        authenticator: Arc<Authenticator>,
        transports: Transports,
        connect_timeout: Duration,
    ) -> Self {
        Self { environment, authenticator, transports, connect_timeout, fallback: Arc::default() }
    }
}

impl Dialer for SocketDialer {
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialPlan {
        let (environment, authenticator) = (self.environment.clone(), self.authenticator.clone());
        let (transports, patience) = (self.transports, self.connect_timeout / 2);
        let fallback = self.fallback.clone();
        if reason == CredentialsReason::Reconnect {
            environment.forget_connections();
        }
        Box::pin(async move {
            let auth = authenticator.request_auth(&environment, reason, choice).await?;
            let transport = match transports {
                Transports::WebSocket => websocket(&environment, &auth).await.map_err(|refused| refused.fault)?,
                Transports::Polling => polling(environment, &auth).await?,
                Transports::Auto => {
                    let first = reason == CredentialsReason::First;
                    let auto = Auto { environment, authenticator: &authenticator, patience, fallback: &fallback };
                    auto.open(&auth, first).await?
                }
            };
            let proof = Proof { just_accepted: auth.just_accepted };
            Ok(Dialed { transport, proof, auth: auth.payload.map(|payload| payload.expose().to_owned()) })
        })
    }

    fn on_acknowledged(&self) {
        lock(&self.fallback).on_acknowledged(now().mono);
    }
}

fn lock(fallback: &Mutex<PollingFallback>) -> MutexGuard<'_, PollingFallback> {
    fallback.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn websocket(environment: &Environment, auth: &RequestAuth) -> Result<Box<dyn Transport>, Refused> {
    Ok(Box::new(WebSocket::dial(environment, auth, None).await?))
}

async fn polling(environment: Arc<Environment>, auth: &RequestAuth) -> Result<Box<dyn Transport>, Fault> {
    Ok(Box::new(Polling::dial(environment, auth.clone(), true).await?))
}

/// WebSocket first; polling where the server was reached but refused WebSocket, or opened one that carries nothing.
struct Auto<'a> {
    environment: Arc<Environment>,
    authenticator: &'a Authenticator,
    /// How long the upgrade and the first frame may take.
    patience: Duration,
    fallback: &'a Mutex<PollingFallback>,
}

impl Auto<'_> {
    /// Only the `first` attempt tries both. Later ones try one and leave the other to the next attempt, because every
    /// connection counts against what a server allows an address in a minute.
    async fn open(self, auth: &RequestAuth, first: bool) -> Result<Box<dyn Transport>, Fault> {
        let prefers_polling = lock(self.fallback).begin(now().mono);
        if prefers_polling {
            return polling(self.environment, auth).await;
        }
        let refused = match self.websocket(auth).await {
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
        let reason = self.authenticator.redact(refused.fault.into_error());
        tracing::debug!(server = self.environment.target.address(), "no WebSocket ({reason}); trying long-polling");
        let transport = polling(self.environment, auth).await?;
        lock(self.fallback).polling_opened();
        Ok(transport)
    }

    /// A WebSocket that has carried a frame. The time to reach the server is not limited here: it says nothing about
    /// WebSocket.
    async fn websocket(&self, auth: &RequestAuth) -> Result<WebSocket, Refused> {
        let io = WebSocket::reach(&self.environment).await?;
        let upgrade = async {
            let mut socket = WebSocket::upgrade(&self.environment, auth, io, None).await?;
            socket.hear().await?;
            Ok(socket)
        };
        tokio::time::timeout(self.patience, upgrade).await.unwrap_or_else(|_| {
            let error = Error::connect_failed(Stage::Http, "no WebSocket in time");
            Err(Refused { fault: Fault::Dial(error), wants_polling: true })
        })
    }
}
