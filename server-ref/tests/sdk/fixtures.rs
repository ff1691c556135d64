//! Helpers for the tests in this folder: servers, clients, TLS termination, and an HTTP proxy.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use automoderate::{Client, ClientBuilder, Event, EventStream, ModerationUpdate, ReconnectPolicy};
use automoderate_server::{Limits, RunningServer, Server, ServerBuilder};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::databases;
use tokio_rustls::{TlsAcceptor, rustls};

/// Timeout for expected events. It is long because the machine may be busy.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// Arguments for a server with a demo project, and without limits on sockets per address and events per minute.
pub(crate) const UNLIMITED_ARGUMENTS: [&str; 5] =
    ["--demo", "--max-connections-per-ip", "0", "--max-events-per-minute", "0"];

pub(crate) async fn within_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIMEOUT, future).await.unwrap_or_else(|_| panic!("{what}: not within {TIMEOUT:?}"))
}

/// Starts a server with a demo project and without limits.
pub(crate) async fn start_demo_server() -> RunningServer {
    demo_server_builder().start().await.unwrap()
}

/// Returns a builder for a server with a demo project, its own database, and no limits.
pub(crate) fn demo_server_builder() -> ServerBuilder {
    let server = Server::builder().demo(true).limits(Limits::none());
    match databases::fresh_database_url() {
        Some(url) => server.database(url),
        None => server,
    }
}

/// Returns a builder for a client that reconnects quickly and has no rate limit.
pub(crate) fn client_builder(url: impl Into<String>) -> ClientBuilder {
    Client::builder(url)
        .reconnect(ReconnectPolicy {
            delay: Duration::from_millis(50),
            max_delay: Duration::from_millis(200),
            max_attempts_per_minute: 10_000,
            ..ReconnectPolicy::default()
        })
        .rate_limit(None)
}

pub(crate) fn demo_api_key(server: &RunningServer) -> String {
    server.demo().unwrap().api_key.clone()
}

pub(crate) fn demo_project_id(server: &RunningServer) -> String {
    server.demo().unwrap().project_id.clone()
}

/// Returns the next decision and skips statistics; panics on any other event.
pub(crate) async fn next_update(events: &mut EventStream) -> ModerationUpdate {
    loop {
        match within_timeout("an update", events.next()).await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => return update,
            Event::StatsUpdate(_) => {}
            other => panic!("expected a moderation update, not {other:?}"),
        }
    }
}

/// A TLS endpoint in front of a server, like the one that a reverse proxy provides.
pub(crate) struct TlsEndpoint {
    pub(crate) url: String,
    pub(crate) ca: String,
}

pub(crate) fn self_signed_certificate(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec![name.to_owned()]).unwrap()
}

pub(crate) async fn start_tls(server: SocketAddr) -> TlsEndpoint {
    start_tls_for_client(server, None).await
}

/// Starts a TLS endpoint like [`start_tls`]. If a client certificate is given, the endpoint accepts only clients that present it.
pub(crate) async fn start_tls_for_client(server: SocketAddr, client: Option<&CertifiedKey<KeyPair>>) -> TlsEndpoint {
    let own = self_signed_certificate("localhost");
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        rustls::ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(client.cert.der().clone()).unwrap();
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let config = builder.with_single_cert(vec![own.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(stream).await?;
                let mut server = TcpStream::connect(server).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    TlsEndpoint { url: format!("https://localhost:{port}"), ca: own.cert.pem() }
}

/// An HTTP proxy that supports CONNECT and records its requests.
pub(crate) struct HttpProxy {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn start_proxy() -> HttpProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = requests.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(tunnel(client, log.clone()));
        }
    });
    HttpProxy { address, requests }
}

async fn tunnel(mut client: TcpStream, log: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    log.lock().unwrap().push(head.clone());
    let target = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    if !head.starts_with("CONNECT ") {
        return client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n").await;
    }
    let mut server = TcpStream::connect(target).await?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}
