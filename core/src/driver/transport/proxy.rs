//! A TCP connection to the server, through an HTTP CONNECT proxy if there is one.

use hyper_util::{
    client::legacy::connect::{HttpConnector, proxy::Tunnel},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use super::connect::ConnectFailure;
use crate::{Error, Stage, driver::Environment};

/// What the library says when the proxy answers CONNECT with an error other than 407.
const TUNNEL_REFUSED: &str = "tunnel error: unsuccessful";

/// Opens the connection. Tries all addresses of the host: IPv6 and IPv4 side by side, those of one family one after the
/// other, each for its share of the time.
pub(super) async fn connect_tcp(environment: &Environment) -> Result<TcpStream, ConnectFailure> {
    let secure = environment.target.is_secure();
    let failed = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        Error::connect_failed(Stage::Network, format!("{}: {text}", environment.target.origin()))
    };
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(environment.reach_timeout()));
    let scheme = if secure { "https" } else { "http" };
    let uri = format!("{scheme}://{}:{}/", environment.target.host(), environment.target.port());
    let uri: http::Uri = uri.parse().map_err(|error: http::uri::InvalidUri| failed(&error))?;
    let stream: TokioIo<TcpStream> = match environment.proxy_for(secure) {
        None => connector.call(uri).await.map_err(|error| failed(&error))?,
        Some((proxy, auth)) => {
            let mut tunnel = Tunnel::new(proxy, connector);
            if let Some(auth) = auth {
                tunnel = tunnel.with_auth(auth);
            }
            tunnel.call(uri).await.map_err(|error| {
                // The library does not export the type of this error.
                let is_refused = error.to_string() == TUNNEL_REFUSED;
                let error = failed(&error);
                if is_refused { ConnectFailure::TunnelRefused(error) } else { ConnectFailure::Failed(error) }
            })?
        }
    };
    Ok(stream.into_inner())
}
