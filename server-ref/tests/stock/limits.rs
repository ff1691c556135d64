//! The documented limits, as a stock client observes them.

use automoderate_server::Limits;
use serde_json::json;

use crate::client::{StockClient, TRANSPORTS};
use crate::for_each_client;
use crate::library::LIBRARIES;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, eventually, sign_in};

#[tokio::test]
async fn connections_per_address_are_limited() {
    let limits = Limits { connections_per_ip: 2, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let mut clients = Vec::new();
    for library in LIBRARIES {
        let mut client = StockClient::start(library);
        client
            .start_connecting(&server.base_url(), TRANSPORTS[0], json!({"api_key": demo_api_key(&server)}), json!({}))
            .await;
        if clients.len() < 2 {
            client.next_event("connect").await;
        } else {
            let told = client.next_event("connect_error").await;
            assert!(told.as_str().unwrap().contains("Too many connections"), "{library:?}: {told}");
        }
        clients.push(client);
    }
    clients.remove(0).disconnect().await;
    eventually("a connection is available again", async || {
        let mut client = StockClient::start(LIBRARIES[0]);
        client
            .start_connecting(&server.base_url(), TRANSPORTS[1], json!({"api_key": demo_api_key(&server)}), json!({}))
            .await;
        client.next_event_of(&["connect", "connect_error"]).await.0 == "connect"
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn events_per_minute_are_limited() {
    let limits = Limits { events_per_minute: 5, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    for_each_client(async |library, transports| {
        let mut client = StockClient::connect(library, transports, &server).await;
        for _ in 0..6 {
            client.emit_without_payload("heartbeat").await;
        }
        let error = client.next_event("error").await;
        assert_eq!(error["code"], "rate_limited");
        assert!((1..=60).contains(&error["retry_after"].as_u64().unwrap()));
        assert!(!client.has_skipped("disconnect"));
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn rooms_per_connection_are_limited() {
    let limits = Limits { rooms: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let (email, first) = (server.demo().unwrap().email.clone(), demo_project_id(&server));
    let second = server.create_project("Second").await.unwrap();
    server.add_member(&second, &email).await.unwrap();
    let cookie = sign_in(&server).await;
    for_each_client(async |library, transports| {
        let mut client = StockClient::start(library);
        client.start_connecting(&server.base_url(), transports, json!({}), json!({"Cookie": cookie})).await;
        client.next_event("connect").await;
        client.join(&first).await;
        client.emit("join_project", json!({"project_id": second})).await;
        let error = client.next_event("error").await;
        assert_eq!((&error["code"], &error["project_id"]), (&json!("room_limit"), &json!(second)));
    })
    .await;
    server.shutdown().await;
}
