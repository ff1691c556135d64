//! Proxies, blocked WebSockets, dead ports.

use std::{sync::atomic::Ordering, time::Duration};

use automoderate::{Stage, Transports};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::wires::{builder, client, key, next_update, project, proxy, server, soon, tls};

#[tokio::test]
async fn an_http_proxy_carries_the_socket() {
    let server = server().await;
    let tls = tls(server.address()).await;
    let proxy = proxy().await;
    for transports in [Transports::WebSocket, Transports::Polling] {
        let builder = client(&tls.url)
            .extra_ca(tls.ca.as_str())
            .api_key(key(&server))
            .transports(transports)
            .proxy(format!("http://user:pass@{}", proxy.address));
        let client = soon("connecting", builder.connect()).await.unwrap();
        let mut events = client.join(project(&server)).await.unwrap().events();
        let id = client.moderate("through the proxy").await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
        client.close().await;
    }
    let asked = proxy.asked.lock().unwrap();
    assert!(asked.len() >= 2);
    for head in asked.iter() {
        assert!(head.starts_with("CONNECT localhost:"), "{head}");
        assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{head}");
        assert!(!head.contains("api_key"), "{head}");
    }
}

#[tokio::test]
async fn a_plain_socket_goes_through_the_proxy_too() {
    let server = server().await;
    let proxy = proxy().await;
    let builder = client(server.base_url())
        .api_key(key(&server))
        .transports(Transports::WebSocket)
        .proxy(format!("http://{}", proxy.address));
    let client = soon("connecting", builder.connect()).await.unwrap();
    client.join(project(&server)).await.unwrap();
    client.close().await;
    assert!(proxy.asked.lock().unwrap()[0].starts_with("CONNECT 127.0.0.1:"));
}

/// A proxy that answers every WebSocket handshake with 403, as some company proxies do.
async fn without_websocket(server: std::net::SocketAddr) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut start = vec![0; 4096];
                let read = client.read(&mut start).await?;
                if start[..read].windows(19).any(|part| part == b"transport=websocket") {
                    return client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
                }
                let mut server = TcpStream::connect(server).await?;
                server.write_all(&start[..read]).await?;
                copy_bidirectional(&mut client, &mut server).await.map(|_| ())
            });
        }
    });
    address
}

#[tokio::test]
async fn polling_steps_in_where_websockets_are_blocked() {
    let server = server().await;
    let blocked = without_websocket(server.address()).await;
    let builder = client(format!("http://{blocked}")).api_key(key(&server));
    let client = soon("connecting", builder.connect()).await.unwrap();
    let mut events = client.join(project(&server)).await.unwrap().events();
    for n in 0..5 {
        let id = client.moderate(format!("text {n}")).await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
    }
    client.close().await;
}

#[tokio::test]
async fn a_websocket_only_client_says_why_it_can_not() {
    let server = server().await;
    let blocked = without_websocket(server.address()).await;
    let builder = client(format!("http://{blocked}")).api_key(key(&server)).transports(Transports::WebSocket);
    let error = soon("the failure", builder.connect()).await.unwrap_err();
    assert_eq!((error.code(), error.stage(), error.status()), ("connect_failed", Some(Stage::Http), Some(403)));
}

#[tokio::test]
async fn a_dead_port_fails_at_once_and_shows_no_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let builder = client(format!("http://{address}")).api_key("am_secret").transports(transports);
        let error = soon("the failure", builder.connect()).await.unwrap_err();
        assert_eq!((error.code(), error.stage()), ("connect_failed", Some(Stage::Network)), "{error}");
        assert!(error.is_retryable());
        assert!(!format!("{error} {error:?}").contains("am_secret"));
    }
}

#[tokio::test]
async fn the_upgrade_leaves_polling_behind() {
    let server = server().await;
    let relay = crate::relay::Relay::start(server.address()).await;
    let client = client(relay.url()).api_key(key(&server)).transports(Transports::Polling).connect().await.unwrap();
    let mut events = client.join(project(&server)).await.unwrap().events();
    // After the upgrade no request opens a connection any more, however many events arrive.
    let mut quiet = 0;
    let mut before = relay.connections.load(Ordering::SeqCst);
    while quiet < 20 {
        let id = crate::wires::client(server.base_url()).api_key(key(&server)).build().unwrap();
        let id = id.moderate("text").await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
        let now = relay.connections.load(Ordering::SeqCst);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    client.close().await;
}

#[tokio::test]
async fn connections_that_went_silent_are_left_behind() {
    let (ping, pong) = (Duration::from_millis(300), Duration::from_millis(700));
    let server = builder().ping(ping, pong).start().await.unwrap();
    for transports in [Transports::WebSocket, Transports::Polling] {
        let relay = crate::relay::Relay::start(server.address()).await;
        let client = client(relay.url()).api_key(key(&server)).transports(transports).connect().await.unwrap();
        let mut events = client.join(project(&server)).await.unwrap().events();
        for round in 0..3 {
            // The client's own requests leave connections open that will be dead as well.
            let id = client.moderate(format!("text {round}")).await.unwrap().content_id;
            assert_eq!(next_update(&mut events).await.content_id, id);
            let before = client.metrics().connections;
            relay.silence();
            soon("a new connection, not over one that is dead", async {
                while client.metrics().connections == before || !client.state().is_connected() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await;
        }
        client.close().await;
    }
}
