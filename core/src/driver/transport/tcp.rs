//! TCP connection to the server, through an HTTP CONNECT proxy if there is one.

use std::time::Duration;

use hyper_util::{
    client::legacy::connect::{HttpConnector, proxy::Tunnel},
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use super::byte_stream::ByteStreamError;
use crate::{Error, Stage, driver::Endpoint};

/// Error message of hyper-util if the proxy answers CONNECT with a status other than 200 and 407.
const TUNNEL_REFUSED_MESSAGE: &str = "tunnel error: unsuccessful";

/// Opens a TCP connection. IPv6 and IPv4 are tried in parallel, one of them with a short head start. The addresses of
/// each family are tried in turn, each for an equal share of the endpoint's TCP timeout.
pub(super) async fn connect_tcp(endpoint: &Endpoint) -> Result<TcpStream, ByteStreamError> {
    let secure = endpoint.base_url.is_secure();
    let failed = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        Error::connect_failed(Stage::Network, format!("{}: {text}", endpoint.base_url.origin()))
    };
    let mut connector = HttpConnector::new();
    configure_connector(&mut connector, endpoint.tcp_connect_timeout());
    let scheme = if secure { "https" } else { "http" };
    let uri = format!("{scheme}://{}:{}/", endpoint.base_url.host(), endpoint.base_url.port());
    let uri: http::Uri = uri.parse().map_err(|error: http::uri::InvalidUri| failed(&error))?;
    let stream: TokioIo<TcpStream> = match endpoint.proxy_for(secure) {
        None => connector.call(uri).await.map_err(|error| failed(&error))?,
        Some((proxy, auth)) => {
            let mut tunnel = Tunnel::new(proxy, connector);
            if let Some(auth) = auth {
                tunnel = tunnel.with_auth(auth);
            }
            tunnel.call(uri).await.map_err(|error| {
                // hyper-util does not export the type of this error, so the error is recognised by its message.
                let is_refused = error.to_string() == TUNNEL_REFUSED_MESSAGE;
                let error = failed(&error);
                if is_refused { ByteStreamError::TunnelRefused(error) } else { ByteStreamError::Failed(error) }
            })?
        }
    };
    Ok(stream.into_inner())
}

/// Configures the connector. `timeout` is divided equally among the host's addresses of each family.
fn configure_connector<R>(connector: &mut HttpConnector<R>, timeout: Duration) {
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(timeout));
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{convert::Infallible, future::Ready, net::SocketAddr, task};

    use hyper_util::client::legacy::connect::dns::Name;
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// Resolver that returns the same addresses for every host.
    #[derive(Clone)]
    struct FixedResolver(Vec<SocketAddr>);

    impl Service<Name> for FixedResolver {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
            task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            std::future::ready(Ok(self.0.clone().into_iter()))
        }
    }

    /// Returns a listener whose accept queue is full, and the connections that fill the queue. To clients, the listener
    /// appears to drop packets.
    async fn unresponsive_listener() -> (TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(listener.local_addr().unwrap())).await
        {
            waiting.push(stream);
        }
        (listener, waiting)
    }

    #[tokio::test]
    async fn an_unresponsive_address_leaves_time_for_the_next() {
        let (full, _waiting) = unresponsive_listener().await;
        let port = full.local_addr().unwrap().port();
        let good = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let mut connector = HttpConnector::new_with_resolver(FixedResolver(vec![
            full.local_addr().unwrap(),
            good.local_addr().unwrap(),
        ]));
        let timeout = Duration::from_secs(2);
        configure_connector(&mut connector, timeout);
        let uri: http::Uri = format!("http://automoderate.test:{port}/").parse().unwrap();
        let stream = tokio::time::timeout(timeout, connector.call(uri))
            .await
            .expect("the connection is opened in time")
            .unwrap();
        assert_eq!(stream.inner().peer_addr().unwrap(), good.local_addr().unwrap());
    }
}
