//! Byte stream to the server: TCP, or TLS over TCP.

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::tcp::connect_tcp;
use crate::{Error, Stage, driver::Endpoint};

pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for T {}

/// Reason why the byte stream could not be opened.
pub(super) enum ByteStreamError {
    Failed(Error),
    /// The proxy refused a tunnel to the server.
    TunnelRefused(Error),
}

impl ByteStreamError {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Failed(error) | Self::TunnelRefused(error) => error,
        }
    }

    /// Returns `true` if the proxy refused a tunnel that only WebSocket needs. Plain HTTP requests need no tunnel.
    pub(super) fn is_websocket_only_tunnel_refused(&self, endpoint: &Endpoint) -> bool {
        matches!(self, Self::TunnelRefused(_)) && !endpoint.base_url.is_secure()
    }
}

impl From<Error> for ByteStreamError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Connects to the server and, if the URL is secure, performs the TLS handshake.
pub(super) async fn open_byte_stream(endpoint: &Endpoint) -> Result<Box<dyn ByteStream>, ByteStreamError> {
    let tcp = connect_tcp(endpoint).await?;
    if !endpoint.base_url.is_secure() {
        return Ok(Box::new(tcp));
    }
    let host = endpoint.base_url.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| Error::invalid_argument(format!("url: {error}")))?;
    let connector = TlsConnector::from(endpoint.rustls_config()?);
    let stream = connector
        .connect(name, tcp)
        .await
        .map_err(|error| Error::connect_failed(Stage::Tls, format!("{}: {error}", endpoint.base_url.origin())))?;
    Ok(Box::new(stream))
}
