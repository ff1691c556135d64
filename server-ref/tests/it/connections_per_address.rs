//! One address can't hold all connections.

use automoderate_server::{Limits, RunningServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Socket, eventually, server};

/// A connection that stays open, if the server answers on it.
async fn hold(server: &RunningServer) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n").await.ok()?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.ok()?;
    assert_eq!(&start, b"HTTP/1.1 204");
    Some(stream)
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed() {
    let limits = Limits { connections_per_address: 3, ..Limits::none() };
    let server = server().limits(limits).start().await.unwrap();
    // WebSockets have a limit of their own.
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(Socket::connect(&server).await);
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(hold(&server).await.expect("within the limit"));
    }
    assert!(hold(&server).await.is_none());
    held.pop();
    eventually("a place is free", async || hold(&server).await.is_some()).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_trusted_proxy_carries_many_clients() {
    let limits = Limits { connections_per_address: 1, ..Limits::none() };
    let server = server().limits(limits).trusted_proxies(["127.0.0.1"]).unwrap().start().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(hold(&server).await.expect("of a proxy"));
    }
    server.shutdown().await;
}
