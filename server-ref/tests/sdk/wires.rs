//! The layers between client and server in these tests: TLS, a proxy.

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

/// The timeout of expected events. Generous, because two cores may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The arguments of a program without limits and with a demo project.
pub(crate) const LIMITLESS: [&str; 5] = ["--demo", "--max-connections-per-ip", "0", "--max-events-per-minute", "0"];

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// A server with a demo project and no limits.
pub(crate) async fn server() -> RunningServer {
    builder().start().await.unwrap()
}

/// The same, not started yet, on its own database.
pub(crate) fn builder() -> ServerBuilder {
    let server = Server::builder().demo(true).limits(Limits::none());
    match databases::fresh() {
        Some(url) => server.database(url),
        None => server,
    }
}

/// A client that reconnects quickly.
pub(crate) fn client(url: impl Into<String>) -> ClientBuilder {
    Client::builder(url)
        .reconnect(ReconnectPolicy {
            delay: Duration::from_millis(50),
            max_delay: Duration::from_millis(200),
            max_attempts_per_minute: 10_000,
            ..ReconnectPolicy::default()
        })
        .rate_limit(None)
}

pub(crate) fn key(server: &RunningServer) -> String {
    server.demo().unwrap().api_key.clone()
}

pub(crate) fn project(server: &RunningServer) -> String {
    server.demo().unwrap().project_id.clone()
}

/// The next update; statistics in between are skipped, and any other event is a failure.
pub(crate) async fn next_update(events: &mut EventStream) -> ModerationUpdate {
    loop {
        match soon("an update", events.next()).await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => return update,
            Event::StatsUpdate(_) => {}
            other => panic!("an update is due, not {other:?}"),
        }
    }
}

/// TLS in front of a server, as a reverse proxy has it.
pub(crate) struct Tls {
    pub(crate) url: String,
    pub(crate) ca: String,
}

/// A self-signed certificate.
pub(crate) fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec![name.to_owned()]).unwrap()
}

pub(crate) async fn tls(server: SocketAddr) -> Tls {
    tls_for(server, None).await
}

/// Like [`tls`], but accepts only a client with this certificate.
pub(crate) async fn tls_for(server: SocketAddr, client: Option<&CertifiedKey<KeyPair>>) -> Tls {
    let own = certificate("localhost");
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
    Tls { url: format!("https://localhost:{port}"), ca: own.cert.pem() }
}

/// An HTTP proxy with CONNECT, which records its requests.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn proxy() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(tunnel(client, log.clone()));
        }
    });
    Proxy { address, asked }
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
