//! Socket.IO's requirements for a server: connecting to the namespace, leaving it, acknowledgements, invalid packets.

use std::time::Duration;

use automoderate_server::RunningServer;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Socket, key, project, server};

/// An Engine.IO connection without any packet yet.
async fn open(server: &RunningServer, first: &str) -> Socket {
    let request = Socket::request(&server.base_url(), &format!("&api_key={}", key(server)));
    Socket::open_with(request, first).await.unwrap()
}

#[tokio::test]
async fn the_namespace_is_acknowledged_with_a_sid() {
    let server = server().start().await.unwrap();
    for connect in ["40", "40{}", "40/,", "40/,{}", "40{\"token\":\"x\"}"] {
        let mut socket = open(&server, connect).await;
        let packet = socket.packet().await.unwrap();
        let answer: Value = serde_json::from_str(packet.strip_prefix("40").unwrap()).unwrap();
        assert!(answer["sid"].as_str().is_some_and(|sid| sid.len() >= 16), "{connect}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn another_namespace_is_refused_and_the_connection_stays() {
    let server = server().start().await.unwrap();
    let mut socket = open(&server, "40/random").await;
    let packet = socket.packet().await.unwrap();
    let error: Value = serde_json::from_str(packet.strip_prefix("44/random,").unwrap()).unwrap();
    assert_eq!(error["message"], "Invalid namespace");
    socket.send("40").await;
    socket.accepted().await;
    server.shutdown().await;
}

#[tokio::test]
async fn whoever_speaks_before_connecting_is_closed() {
    let server = server().start().await.unwrap();
    for packet in ["42[\"join_project\",{}]", "42[\"heartbeat\"]", "431[]"] {
        let mut socket = open(&server, packet).await;
        let rest = socket.rest().await;
        assert!(rest.iter().all(|packet| packet == "1" || packet == "41"), "{packet}: {rest:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_packet_closes() {
    let server = server().start().await.unwrap();
    for packet in ["4abc", "49", "4", "42", "42{", "42[", "42{}", "42[1]", "42\"x\"", "45"] {
        let mut socket = Socket::connect(&server).await;
        socket.send(packet).await;
        let rest = socket.rest().await;
        assert!(rest.iter().all(|packet| packet == "1"), "{packet}: {rest:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn disconnect_leaves_the_rooms_and_the_client_may_come_again() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    socket.send("41").await;
    socket.send("40").await;
    socket.accepted().await;
    crate::support::moderate(&server, json!({"content": "not joined"})).await;
    assert_eq!(socket.ask("heartbeat", json!({})).await["ok"], true);
    assert!(!socket.take_seen().iter().any(|packet| packet.contains("moderation_update")));
    server.shutdown().await;
}

#[tokio::test]
async fn acknowledgements_carry_the_id_that_was_asked_with() {
    let server = server().start().await.unwrap();
    let mut socket = Socket::connect(&server).await;
    for id in ["0", "7", "4294967295", "9007199254740991"] {
        socket.send(&format!("42{id}[\"heartbeat\"]")).await;
        assert_eq!(socket.packet().await.unwrap(), format!("43{id}[{{\"ok\":true}}]"));
    }
    // No answer is due without a request for one, or to an unsolicited acknowledgement.
    socket.send("42[\"heartbeat\"]").await;
    socket.send("4399[]").await;
    socket.send("421[\"heartbeat\"]").await;
    assert_eq!(socket.packet().await.unwrap(), "431[{\"ok\":true}]");
    server.shutdown().await;
}

#[tokio::test]
async fn who_never_connects_to_the_namespace_is_closed() {
    let server = server().start().await.unwrap();
    let mut socket = open(&server, "2").await;
    let end = async { while socket.packet().await.is_some_and(|packet| packet != "1") {} };
    timeout(Duration::from_secs(40), end).await.expect("a connection that says nothing does not stay");
    server.shutdown().await;
}
