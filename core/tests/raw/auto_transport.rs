//! `Transports::Auto`: what makes a client use long-polling, and for how long.

use std::time::Duration;

use automoderate::{Client, ClientBuilder, ReconnectPolicy};

use crate::{
    server::{OPEN, Request, Server},
    soon,
};

/// A client that is not patient.
fn builder(server: &Server) -> ClientBuilder {
    Client::builder(server.url()).retry_first_connect(true).reconnect(ReconnectPolicy {
        delay: Duration::from_millis(20),
        max_attempts_per_minute: 100,
        ..ReconnectPolicy::default()
    })
}

async fn next(server: &Server) -> Request {
    soon("the next request", server.next_request()).await
}

/// Connects; meanwhile the server does what `plays` says.
async fn connected(server: &Server, plays: impl Future<Output = crate::server::Connection>) -> Client {
    let (client, _connection) = tokio::join!(soon("the connection", builder(server).connect()), plays);
    client.unwrap()
}

async fn expect_websocket(server: &Server) -> Request {
    let request = next(server).await;
    assert!(request.is_websocket(), "{}", request.head);
    request
}

async fn expect_polling(server: &Server) -> Request {
    let request = next(server).await;
    assert!(!request.is_websocket(), "{}", request.head);
    request
}

#[tokio::test]
async fn a_server_that_is_down_for_a_moment_says_nothing_about_websocket() {
    let server = Server::start().await;
    let plays = async {
        expect_websocket(&server).await.answer("503 Service Unavailable", "").await;
        expect_websocket(&server).await.answer("502 Bad Gateway", "").await;
        // A reset, and a connection that is closed without an answer.
        drop(expect_websocket(&server).await);
        expect_websocket(&server).await.upgrade().await.open().await
    };
    connected(&server, plays).await.close().await;
}

#[tokio::test]
async fn polling_that_only_opens_is_given_up_for_websocket() {
    let server = Server::start().await;
    let plays = async {
        expect_websocket(&server).await.answer("400 Bad Request", "").await;
        // Without affinity the next request meets another node.
        for _ in 0..2 {
            let request = expect_polling(&server).await;
            let is_first = request.head.starts_with("GET ") && !request.head.contains("sid=");
            match is_first {
                true => request.answer("200 OK", OPEN).await,
                false => request.answer("400 Bad Request", "\"Invalid session\"").await,
            }
        }
        loop {
            let request = next(&server).await;
            if request.is_websocket() {
                return request.upgrade().await.open().await;
            }
            // The other request of the session that was lost, or what followed before it was noticed.
            assert!(request.head.contains("sid="), "{}", request.head);
            request.answer("400 Bad Request", "\"Invalid session\"").await;
        }
    };
    connected(&server, plays).await.close().await;
}

#[tokio::test]
async fn a_later_refusal_leaves_one_attempt_to_polling() {
    let server = Server::start().await;
    let plays = async {
        expect_websocket(&server).await.answer("503 Service Unavailable", "").await;
        expect_websocket(&server).await.answer("200 OK", "<!doctype html>").await;
        expect_polling(&server).await.answer("404 Not Found", "").await;
        expect_websocket(&server).await.upgrade().await.open().await
    };
    connected(&server, plays).await.close().await;
}

#[tokio::test]
async fn a_proxy_without_tunnels_passes_on_polling() {
    let proxy = Server::start().await;
    let builder = Client::builder("http://automoderate.test:6217").proxy(proxy.url());
    let plays = async {
        let tunnel = next(&proxy).await;
        assert!(tunnel.head.starts_with("CONNECT automoderate.test:6217"), "{}", tunnel.head);
        tunnel.answer("403 Forbidden", "").await;
        let polling = next(&proxy).await;
        assert!(polling.head.starts_with("GET http://automoderate.test:6217/socket.io/"), "{}", polling.head);
        polling.answer("401 Unauthorized", "").await;
    };
    let (client, ()) = tokio::join!(soon("the refusal", builder.connect()), plays);
    assert_eq!(client.unwrap_err().code(), "authentication_failed");
}
