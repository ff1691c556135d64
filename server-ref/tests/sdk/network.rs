//! The SDK behind proxies, with blocked WebSockets, and with unreachable ports.

use std::{sync::atomic::Ordering, time::Duration};

use automoderate::{Stage, Transports};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::fixtures::{
    client_builder, demo_api_key, demo_project_id, demo_server_builder, next_update, start_demo_server, start_proxy,
    start_tls, within_timeout,
};

#[tokio::test]
async fn an_http_proxy_tunnels_the_socket() {
    let server = start_demo_server().await;
    let tls = start_tls(server.address()).await;
    let proxy = start_proxy().await;
    for transports in [Transports::WebSocket, Transports::Polling] {
        let builder = client_builder(&tls.url)
            .extra_ca(tls.ca.as_str())
            .api_key(demo_api_key(&server))
            .transports(transports)
            .proxy(format!("http://user:pass@{}", proxy.address));
        let client = within_timeout("connecting", builder.connect()).await.unwrap();
        let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
        let id = client.moderate("through the proxy").await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
        client.close().await;
    }
    let asked = proxy.requests.lock().unwrap();
    assert!(asked.len() >= 2);
    for head in asked.iter() {
        assert!(head.starts_with("CONNECT localhost:"), "{head}");
        assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{head}");
        assert!(!head.contains("api_key"), "{head}");
    }
}

#[tokio::test]
async fn an_unencrypted_socket_also_uses_the_proxy() {
    let server = start_demo_server().await;
    let proxy = start_proxy().await;
    let builder = client_builder(server.base_url())
        .api_key(demo_api_key(&server))
        .transports(Transports::WebSocket)
        .proxy(format!("http://{}", proxy.address));
    let client = within_timeout("connecting", builder.connect()).await.unwrap();
    client.join(demo_project_id(&server)).await.unwrap();
    client.close().await;
    assert!(proxy.requests.lock().unwrap()[0].starts_with("CONNECT 127.0.0.1:"));
}

/// Starts a proxy that answers every WebSocket handshake with 403, as some corporate proxies do.
async fn start_proxy_that_blocks_websocket(server: std::net::SocketAddr) -> std::net::SocketAddr {
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
async fn blocked_websockets_lead_to_polling() {
    let server = start_demo_server().await;
    let blocked = start_proxy_that_blocks_websocket(server.address()).await;
    let builder = client_builder(format!("http://{blocked}")).api_key(demo_api_key(&server));
    let client = within_timeout("connecting", builder.connect()).await.unwrap();
    let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
    for n in 0..5 {
        let id = client.moderate(format!("text {n}")).await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
    }
    client.close().await;
}

#[tokio::test]
async fn a_websocket_only_client_reports_the_blocked_handshake() {
    let server = start_demo_server().await;
    let blocked = start_proxy_that_blocks_websocket(server.address()).await;
    let builder =
        client_builder(format!("http://{blocked}")).api_key(demo_api_key(&server)).transports(Transports::WebSocket);
    let error = within_timeout("the failure", builder.connect()).await.unwrap_err();
    assert_eq!((error.code(), error.stage(), error.status()), ("connect_failed", Some(Stage::Http), Some(403)));
}

#[tokio::test]
async fn an_unreachable_port_fails_at_once_without_revealing_the_key() {
    // A bound socket that does not listen refuses connections, and no other test can use its port.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let builder = client_builder(format!("http://{address}")).api_key("am_secret").transports(transports);
        let error = within_timeout("the failure", builder.connect()).await.unwrap_err();
        assert_eq!((error.code(), error.stage()), ("connect_failed", Some(Stage::Network)), "{error}");
        assert!(error.is_retryable());
        assert!(!format!("{error} {error:?}").contains("am_secret"));
    }
}

#[tokio::test]
async fn no_polling_request_follows_the_upgrade() {
    let server = start_demo_server().await;
    let relay = crate::relay::Relay::start(server.address()).await;
    let client = client_builder(relay.url())
        .api_key(demo_api_key(&server))
        .transports(Transports::Polling)
        .connect()
        .await
        .unwrap();
    let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
    // Once the upgrade is complete, events arrive without new connections.
    let mut quiet = 0;
    let mut before = relay.connection_count.load(Ordering::SeqCst);
    while quiet < 20 {
        let id = crate::fixtures::client_builder(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
        let id = id.moderate("text").await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
        let now = relay.connection_count.load(Ordering::SeqCst);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    client.close().await;
}

#[tokio::test]
async fn silent_connections_are_replaced() {
    let (ping, pong) = (Duration::from_millis(300), Duration::from_millis(700));
    let server = demo_server_builder().ping(ping, pong).start().await.unwrap();
    for transports in [Transports::WebSocket, Transports::Polling] {
        let relay = crate::relay::Relay::start(server.address()).await;
        let client =
            client_builder(relay.url()).api_key(demo_api_key(&server)).transports(transports).connect().await.unwrap();
        let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
        for round in 0..3 {
            // The client's REST calls leave idle connections, which the relay silences as well.
            let id = client.moderate(format!("text {round}")).await.unwrap().content_id;
            assert_eq!(next_update(&mut events).await.content_id, id);
            let before = client.metrics().connections;
            relay.silence();
            within_timeout("a new connection that replaces the silent one", async {
                while client.metrics().connections == before || !client.state().is_connected() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await;
        }
        client.close().await;
    }
}
