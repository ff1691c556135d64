//! A hint that the network changed, while the client uses long-polling.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, Transports};
use tokio::sync::Notify;

use crate::{
    server::{OPEN, Server},
    soon,
};

#[tokio::test]
async fn a_quiet_session_that_can_be_reached_survives() {
    let server = Server::start().await;
    let url = server.url();
    let asked = Arc::new(Notify::new());
    let told = asked.clone();
    let serving = tokio::spawn(async move {
        server.next_request().await.answer("200 OK", OPEN).await;
        let mut waiting = Vec::new();
        let mut is_acknowledged = false;
        loop {
            let request = server.next_request().await;
            if request.head.starts_with("GET /api/health") {
                request.answer("404 Not Found", "").await;
                told.notify_one();
            } else if request.head.starts_with("POST ") {
                request.answer("200 OK", "ok").await;
            } else if std::mem::replace(&mut is_acknowledged, true) {
                // Nothing happens: this one waits.
                waiting.push(request);
            } else {
                request.answer("200 OK", "42[\"connected\",{}]\u{1e}40{\"sid\":\"n\"}").await;
            }
        }
    });
    let connect = Client::builder(url).transports(Transports::Polling).heartbeat_interval(None).connect();
    let client = soon("the connection", connect).await.unwrap();
    client.network_changed();
    soon("the question", asked.notified()).await;
    // The answer to it was awaited for 5 s.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(client.state().is_connected(), "{:?}", client.state());
    assert_eq!(client.metrics().attempts, 1);
    client.close().await;
    serving.abort();
}
