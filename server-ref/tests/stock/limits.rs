//! The documented limits, as a stock client sees them.

use automoderate_server::Limits;
use serde_json::json;

use crate::client::{Client, TRANSPORTS};
use crate::each;
use crate::library::LIBRARIES;
use crate::support::{eventually, key, project, server, sign_in};

#[tokio::test]
async fn connections_per_address() {
    let limits = Limits { connections_per_ip: 2, ..Limits::none() };
    let server = server().limits(limits).start().await.unwrap();
    let mut clients = Vec::new();
    for library in LIBRARIES {
        let mut client = Client::start(library);
        client.dial(&server.base_url(), TRANSPORTS[0], json!({"api_key": key(&server)}), json!({})).await;
        if clients.len() < 2 {
            client.event("connect").await;
        } else {
            let told = client.event("connect_error").await;
            assert!(told.as_str().unwrap().contains("Too many connections"), "{library:?}: {told}");
        }
        clients.push(client);
    }
    clients.remove(0).disconnect().await;
    eventually("a place becomes free", async || {
        let mut client = Client::start(LIBRARIES[0]);
        client.dial(&server.base_url(), TRANSPORTS[1], json!({"api_key": key(&server)}), json!({})).await;
        client.either(&["connect", "connect_error"]).await.0 == "connect"
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn events_per_minute() {
    let limits = Limits { events_per_minute: 5, ..Limits::none() };
    let server = server().limits(limits).start().await.unwrap();
    each(async |library, transports| {
        let mut client = Client::connect(library, transports, &server).await;
        for _ in 0..6 {
            client.emit_bare("heartbeat").await;
        }
        let error = client.event("error").await;
        assert_eq!(error["code"], "rate_limited");
        assert!((1..=60).contains(&error["retry_after"].as_u64().unwrap()));
        assert!(!client.has_seen("disconnect"));
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn rooms_per_connection() {
    let limits = Limits { rooms: 1, ..Limits::none() };
    let server = server().limits(limits).start().await.unwrap();
    let (email, first) = (server.demo().unwrap().email.clone(), project(&server));
    let second = server.create_project("Second").await.unwrap();
    server.add_member(&second, &email).await.unwrap();
    let cookie = sign_in(&server).await;
    each(async |library, transports| {
        let mut client = Client::start(library);
        client.dial(&server.base_url(), transports, json!({}), json!({"Cookie": cookie})).await;
        client.event("connect").await;
        client.join(&first).await;
        client.emit("join_project", json!({"project_id": second})).await;
        let error = client.event("error").await;
        assert_eq!((&error["code"], &error["project_id"]), (&json!("room_limit"), &json!(second)));
    })
    .await;
    server.shutdown().await;
}
