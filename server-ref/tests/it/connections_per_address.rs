//! A single address cannot occupy all connections.

use automoderate_server::{Limits, RunningServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Socket, demo_server_builder, eventually};

/// Opens a connection and keeps it open; returns `None` if the server does not answer on it.
async fn open_connection(server: &RunningServer) -> Option<TcpStream> {
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
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    // WebSockets count toward a separate limit.
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(Socket::connect(&server).await);
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(open_connection(&server).await.expect("this connection is within the limit"));
    }
    assert!(open_connection(&server).await.is_none());
    held.pop();
    eventually("a connection is available again", async || open_connection(&server).await.is_some()).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_trusted_proxy_carries_many_clients() {
    let limits = Limits { connections_per_address: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).trusted_proxies(["127.0.0.1"]).unwrap().start().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(open_connection(&server).await.expect("connections of a trusted proxy are not limited"));
    }
    server.shutdown().await;
}
