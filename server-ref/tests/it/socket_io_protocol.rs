//! Socket.IO's requirements for a server: the namespace, acknowledgements, and invalid packets.

use std::time::Duration;

use automoderate_server::RunningServer;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder};

/// Opens an Engine.IO connection and sends `first` as its first packet.
async fn open_with_first_packet(server: &RunningServer, first: &str) -> Socket {
    let request = Socket::request(&server.base_url(), &format!("&api_key={}", demo_api_key(server)));
    Socket::open_with_packet(request, first).await.unwrap()
}

#[tokio::test]
async fn the_namespace_is_acknowledged_with_a_sid() {
    let server = demo_server_builder().start().await.unwrap();
    for connect in ["40", "40{}", "40/,", "40/,{}", "40{\"token\":\"x\"}"] {
        let mut socket = open_with_first_packet(&server, connect).await;
        let packet = socket.next_packet().await.unwrap();
        let answer: Value = serde_json::from_str(packet.strip_prefix("40").unwrap()).unwrap();
        assert!(answer["sid"].as_str().is_some_and(|sid| sid.len() >= 16), "{connect}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn another_namespace_is_refused_and_the_connection_stays() {
    let server = demo_server_builder().start().await.unwrap();
    let mut socket = open_with_first_packet(&server, "40/random").await;
    let packet = socket.next_packet().await.unwrap();
    let error: Value = serde_json::from_str(packet.strip_prefix("44/random,").unwrap()).unwrap();
    assert_eq!(error["message"], "Invalid namespace");
    socket.send("40").await;
    socket.expect_accepted().await;
    server.shutdown().await;
}

#[tokio::test]
async fn packets_before_connect_close_the_connection() {
    let server = demo_server_builder().start().await.unwrap();
    for packet in ["42[\"join_project\",{}]", "42[\"heartbeat\"]", "431[]"] {
        let mut socket = open_with_first_packet(&server, packet).await;
        let rest = socket.read_to_end().await;
        assert!(rest.iter().all(|packet| packet == "1" || packet == "41"), "{packet}: {rest:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_packets_close_the_connection() {
    let server = demo_server_builder().start().await.unwrap();
    for packet in ["4abc", "49", "4", "42", "42{", "42[", "42{}", "42[1]", "42\"x\"", "45"] {
        let mut socket = Socket::connect(&server).await;
        socket.send(packet).await;
        let rest = socket.read_to_end().await;
        assert!(rest.iter().all(|packet| packet == "1"), "{packet}: {rest:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn disconnect_leaves_all_rooms_and_allows_reconnecting() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    socket.send("41").await;
    socket.send("40").await;
    socket.expect_accepted().await;
    crate::support::moderate(&server, json!({"content": "not joined"})).await;
    assert_eq!(socket.emit_with_ack("heartbeat", json!({})).await["ok"], true);
    assert!(!socket.take_skipped().iter().any(|packet| packet.contains("moderation_update")));
    server.shutdown().await;
}

#[tokio::test]
async fn acknowledgements_carry_the_requested_id() {
    let server = demo_server_builder().start().await.unwrap();
    let mut socket = Socket::connect(&server).await;
    for id in ["0", "7", "4294967295", "9007199254740991"] {
        socket.send(&format!("42{id}[\"heartbeat\"]")).await;
        assert_eq!(socket.next_packet().await.unwrap(), format!("43{id}[{{\"ok\":true}}]"));
    }
    // The server answers neither an event without an acknowledgement id nor an unsolicited acknowledgement.
    socket.send("42[\"heartbeat\"]").await;
    socket.send("4399[]").await;
    socket.send("421[\"heartbeat\"]").await;
    assert_eq!(socket.next_packet().await.unwrap(), "431[{\"ok\":true}]");
    server.shutdown().await;
}

#[tokio::test]
async fn a_connection_without_connect_is_closed() {
    let server = demo_server_builder().start().await.unwrap();
    let mut socket = open_with_first_packet(&server, "2").await;
    let end = async { while socket.next_packet().await.is_some_and(|packet| packet != "1") {} };
    timeout(Duration::from_secs(40), end).await.expect("a connection without CONNECT must be closed");
    server.shutdown().await;
}
