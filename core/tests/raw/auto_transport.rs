//! `Transports::Auto`: when a client falls back to long-polling, and when it returns to WebSocket.

use std::time::Duration;

use automoderate::{Client, ClientBuilder, ReconnectPolicy};

use crate::{
    server::{OPEN_PACKET, PendingRequest, RawServer},
    within_timeout,
};

/// Returns a builder for a client that reconnects after 20 ms.
fn fast_reconnect_builder(server: &RawServer) -> ClientBuilder {
    Client::builder(server.url()).retry_first_connect(true).reconnect(ReconnectPolicy {
        delay: Duration::from_millis(20),
        max_attempts_per_minute: 100,
        ..ReconnectPolicy::default()
    })
}

async fn next_request(server: &RawServer) -> PendingRequest {
    within_timeout("the next request", server.next_request()).await
}

/// Connects a client while the server follows `server_script`.
async fn connect_while(
    server: &RawServer,
    server_script: impl Future<Output = crate::server::RawConnection>,
) -> Client {
    let (client, _connection) =
        tokio::join!(within_timeout("the connection", fast_reconnect_builder(server).connect()), server_script);
    client.unwrap()
}

async fn expect_websocket(server: &RawServer) -> PendingRequest {
    let request = next_request(server).await;
    assert!(request.is_websocket(), "{}", request.head);
    request
}

async fn expect_polling(server: &RawServer) -> PendingRequest {
    let request = next_request(server).await;
    assert!(!request.is_websocket(), "{}", request.head);
    request
}

#[tokio::test]
async fn a_briefly_unavailable_server_does_not_lead_to_polling() {
    let server = RawServer::start().await;
    let plays = async {
        expect_websocket(&server).await.answer("503 Service Unavailable", "").await;
        expect_websocket(&server).await.answer("502 Bad Gateway", "").await;
        // The client sees the dropped request as a reset, or as a connection that was closed without an answer.
        drop(expect_websocket(&server).await);
        expect_websocket(&server).await.upgrade().await.open().await
    };
    connect_while(&server, plays).await.close().await;
}

#[tokio::test]
async fn polling_that_fails_after_opening_is_replaced_by_websocket() {
    let server = RawServer::start().await;
    let plays = async {
        expect_websocket(&server).await.answer("400 Bad Request", "").await;
        // Without affinity, the session's next request reaches another node.
        for _ in 0..2 {
            let request = expect_polling(&server).await;
            let is_first = request.head.starts_with("GET ") && !request.head.contains("sid=");
            match is_first {
                true => request.answer("200 OK", OPEN_PACKET).await,
                false => request.answer("400 Bad Request", "\"Invalid session\"").await,
            }
        }
        loop {
            let request = next_request(&server).await;
            if request.is_websocket() {
                return request.upgrade().await.open().await;
            }
            // This is either the other request of the lost session, or a request that was sent before the client
            // noticed the loss.
            assert!(request.head.contains("sid="), "{}", request.head);
            request.answer("400 Bad Request", "\"Invalid session\"").await;
        }
    };
    connect_while(&server, plays).await.close().await;
}

#[tokio::test]
async fn a_refused_polling_attempt_is_followed_by_websocket() {
    let server = RawServer::start().await;
    let plays = async {
        expect_websocket(&server).await.answer("503 Service Unavailable", "").await;
        expect_websocket(&server).await.answer("200 OK", "<!doctype html>").await;
        expect_polling(&server).await.answer("404 Not Found", "").await;
        expect_websocket(&server).await.upgrade().await.open().await
    };
    connect_while(&server, plays).await.close().await;
}

#[tokio::test]
async fn a_proxy_without_tunnels_is_used_for_polling() {
    let proxy = RawServer::start().await;
    let builder = Client::builder("http://automoderate.test:6217").proxy(proxy.url());
    let plays = async {
        let tunnel = next_request(&proxy).await;
        assert!(tunnel.head.starts_with("CONNECT automoderate.test:6217"), "{}", tunnel.head);
        tunnel.answer("403 Forbidden", "").await;
        let polling = next_request(&proxy).await;
        assert!(polling.head.starts_with("GET http://automoderate.test:6217/socket.io/"), "{}", polling.head);
        polling.answer("401 Unauthorized", "").await;
    };
    let (client, ()) = tokio::join!(within_timeout("the refusal", builder.connect()), plays);
    assert_eq!(client.unwrap_err().code(), "authentication_failed");
}
