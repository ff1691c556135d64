//! One attempt: credentials, then the transport that works.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    Access, Authority, Environment,
    transport::{
        Transport,
        polling::Polling,
        websocket::{Refused, WebSocket},
    },
};
use crate::{
    Error, ErrorKind, Stage,
    session::{CredentialsReason, Fault, Proof},
};

/// Which transports to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
}

/// Opens transports over the network.
pub(crate) struct SocketDialer {
    pub(crate) environment: Arc<Environment>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) transports: Transports,
    pub(crate) connect_timeout: Duration,
    /// WebSocket could not be had the last time, but polling could.
    pub(crate) prefer_polling: Arc<AtomicBool>,
}

impl Dialer for SocketDialer {
    fn dial(&self, reason: CredentialsReason) -> DialPlan {
        let (environment, authority) = (self.environment.clone(), self.authority.clone());
        let (transports, patience) = (self.transports, self.connect_timeout / 2);
        let prefer_polling = self.prefer_polling.clone();
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
                    auto(environment, &access, patience, &prefer_polling, first).await?
                }
            };
            let proof = Proof { just_accepted: access.just_accepted };
            Ok(Dialed { transport, proof, auth: access.auth.map(|auth| auth.expose().to_owned()) })
        })
    }
}

async fn websocket(environment: &Environment, access: &Access) -> Result<Box<dyn Transport>, Refused> {
    Ok(Box::new(WebSocket::dial(environment, access, None).await?))
}

async fn polling(environment: Arc<Environment>, access: &Access) -> Result<Box<dyn Transport>, Fault> {
    Ok(Box::new(Polling::dial(environment, access.clone(), true).await?))
}

/// WebSocket first; polling if the server could be reached but gave no WebSocket, or one that carries nothing.
///
/// Only the `first` attempt tries both. Later ones try one and leave the other to the next attempt, because every
/// connection counts against what a server allows an address in a minute.
async fn auto(
    environment: Arc<Environment>,
    access: &Access,
    patience: Duration,
    prefer_polling: &AtomicBool,
    first: bool,
) -> Result<Box<dyn Transport>, Fault> {
    if prefer_polling.load(Ordering::Relaxed) {
        let polled = polling(environment, access).await;
        prefer_polling.store(polled.is_ok(), Ordering::Relaxed);
        return polled;
    }
    let attempt = async {
        let mut socket = WebSocket::dial(&environment, access, None).await?;
        socket.hear().await.map_err(|fault| Refused { fault, reachable: true })?;
        Ok(socket)
    };
    let refused = match tokio::time::timeout(patience, attempt).await {
        Ok(Ok(socket)) => return Ok(Box::new(socket)),
        Ok(Err(refused)) => refused,
        Err(_) => {
            let error = Error::connect_failed(Stage::Http, "no WebSocket in time");
            Refused { fault: Fault::Dial(error), reachable: true }
        }
    };
    // Credentials that were refused would be refused again, and an attempt too many would be followed by another.
    let limited = matches!(&refused.fault, Fault::Dial(error) if error.kind() == ErrorKind::RateLimited);
    if !refused.reachable || limited || matches!(refused.fault, Fault::Credentials(_)) {
        return Err(refused.fault);
    }
    if !first {
        prefer_polling.store(true, Ordering::Relaxed);
        return Err(refused.fault);
    }
    let reason = refused.fault.into_error();
    tracing::debug!(server = environment.target.address(), "no WebSocket ({reason}); trying long-polling");
    let transport = polling(environment, access).await?;
    prefer_polling.store(true, Ordering::Relaxed);
    Ok(transport)
}
