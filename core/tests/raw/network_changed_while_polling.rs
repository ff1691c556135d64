//! `Client::network_changed` while the client uses long-polling.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, Transports};
use tokio::sync::Notify;

use crate::{
    server::{OPEN_PACKET, RawServer},
    within_timeout,
};

#[tokio::test]
async fn a_quiet_but_reachable_session_survives_network_changed() {
    let server = RawServer::start().await;
    let url = server.url();
    let asked = Arc::new(Notify::new());
    let told = asked.clone();
    let serving = tokio::spawn(async move {
        server.next_request().await.answer("200 OK", OPEN_PACKET).await;
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
                // Nothing happens on the server, so the poll stays open.
                waiting.push(request);
            } else {
                request.answer("200 OK", "42[\"connected\",{}]\u{1e}40{\"sid\":\"n\"}").await;
            }
        }
    });
    let connect = Client::builder(url).transports(Transports::Polling).heartbeat_interval(None).connect();
    let client = within_timeout("the connection", connect).await.unwrap();
    client.network_changed();
    within_timeout("the probe", asked.notified()).await;
    // The client waits 5 s for an answer to its probe.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(client.state().is_connected(), "{:?}", client.state());
    assert_eq!(client.metrics().attempts, 1);
    client.close().await;
    serving.abort();
}
