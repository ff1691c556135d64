//! Connection attempts, which obtain credentials and then open a transport.

use std::{pin::Pin, sync::Arc, time::Duration};

use super::{
    Authenticator, Endpoint, RequestAuth,
    transport::{Transport, websocket::WebSocket},
};
#[cfg(feature = "polling")]
use super::{transport::polling::PollingTransport, transport_selector::TransportSelector};
use crate::session::{ConnectionFailure, CredentialChoice, CredentialsReason, LoginStatus};

/// Transports that a client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Transports {
    /// WebSocket, or HTTP long-polling if WebSocket does not work. Without the `polling` feature, WebSocket only.
    #[default]
    Auto,
    /// WebSocket only.
    WebSocket,
    /// HTTP long-polling, upgraded to WebSocket if the server offers it. Requires the `polling` feature.
    #[cfg(feature = "polling")]
    Polling,
}

/// Result of a successful connection attempt.
pub(crate) struct DialedTransport {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) login_status: LoginStatus,
    pub(crate) auth_payload: Option<String>,
}

/// Future of one connection attempt. Dropping it cancels the attempt.
pub(crate) type DialFuture = Pin<Box<dyn Future<Output = Result<DialedTransport, ConnectionFailure>> + Send>>;

/// Interface for opening transports to one endpoint. Some tests use an implementation without sockets.
pub(crate) trait Dialer: Send + Sync {
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialFuture;

    /// Records that the connection over the most recently opened transport is usable: the namespace is acknowledged,
    /// and the server has not refused the client right afterwards.
    fn on_connection_usable(&self) {}
}

/// Dialer that opens transports over the network.
pub(crate) struct SocketDialer {
    endpoint: Arc<Endpoint>,
    authenticator: Arc<Authenticator>,
    transports: Transports,
    #[cfg(feature = "polling")]
    selector: Arc<TransportSelector>,
}

impl SocketDialer {
    #[cfg_attr(not(feature = "polling"), allow(unused_variables))]
    pub(crate) fn new(
        endpoint: Arc<Endpoint>,
        authenticator: Arc<Authenticator>,
        transports: Transports,
        connect_timeout: Duration,
    ) -> Self {
        #[cfg(feature = "polling")]
        let selector = Arc::new(TransportSelector::new(connect_timeout));
        Self {
            endpoint,
            authenticator,
            transports,
            #[cfg(feature = "polling")]
            selector,
        }
    }
}

impl Dialer for SocketDialer {
    fn dial(&self, reason: CredentialsReason, choice: CredentialChoice) -> DialFuture {
        let (endpoint, authenticator) = (self.endpoint.clone(), self.authenticator.clone());
        let transports = self.transports;
        #[cfg(feature = "polling")]
        let selector = self.selector.clone();
        if reason == CredentialsReason::Reconnect {
            endpoint.drop_idle_connections();
        }
        Box::pin(async move {
            let auth = authenticator.obtain_request_auth(&endpoint, reason, choice).await?;
            let transport = match transports {
                Transports::WebSocket => open_websocket(&endpoint, &auth).await?,
                #[cfg(feature = "polling")]
                Transports::Polling => open_polling(endpoint, &auth).await?,
                #[cfg(feature = "polling")]
                Transports::Auto => {
                    let is_first_attempt = reason == CredentialsReason::First;
                    selector.open(endpoint, &authenticator, &auth, is_first_attempt).await?
                }
                #[cfg(not(feature = "polling"))]
                Transports::Auto => open_websocket(&endpoint, &auth).await?,
            };
            let login_status = LoginStatus { has_just_logged_in: auth.has_just_logged_in };
            Ok(DialedTransport {
                transport,
                login_status,
                auth_payload: auth.payload.map(|payload| payload.expose().to_owned()),
            })
        })
    }

    #[cfg(feature = "polling")]
    fn on_connection_usable(&self) {
        self.selector.on_connection_usable();
    }
}

async fn open_websocket(endpoint: &Endpoint, auth: &RequestAuth) -> Result<Box<dyn Transport>, ConnectionFailure> {
    match WebSocket::dial(endpoint, auth, None).await {
        Ok(socket) => Ok(Box::new(socket)),
        Err(refused) => Err(refused.failure),
    }
}

#[cfg(feature = "polling")]
pub(super) async fn open_polling(
    endpoint: Arc<Endpoint>,
    auth: &RequestAuth,
) -> Result<Box<dyn Transport>, ConnectionFailure> {
    Ok(Box::new(PollingTransport::dial(endpoint, auth.clone(), true).await?))
}
