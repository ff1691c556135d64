//! The documented limits: connections per address, events per minute, and rooms per connection.

use automoderate_server::Limits;
use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, eventually};

#[tokio::test]
async fn excess_connections_of_an_address_are_refused() {
    let limits = Limits { connections_per_ip: 2, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let query = format!("&api_key={}", demo_api_key(&server));
    let first = Socket::connect(&server).await;
    let _second = Socket::connect(&server).await;

    let mut third = Socket::open(Socket::request(&server.base_url(), &query), "").await.unwrap();
    let message = third.expect_refusal().await;
    assert!(message.contains("Too many connections") && message.contains("retry_after"), "{message}");
    drop(third);

    drop(first);
    eventually("a connection is available again", async || {
        let mut socket = Socket::open(Socket::request(&server.base_url(), &query), "").await.unwrap();
        socket.next_packet().await.unwrap().starts_with("40")
    })
    .await;
    server.shutdown().await;
}

/// Engine.IO does not accept the parameters below as session ids, and opens a new session for each request.
#[tokio::test]
async fn invalid_session_ids_do_not_bypass_the_limit() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    for extra in ["&sid", "&%73id=x", "&xsid=x"] {
        let server = demo_server_builder().limits(limits).start().await.unwrap();
        let mut held = vec![Socket::connect(&server).await];
        let query = format!("{extra}&api_key={}", demo_api_key(&server));
        let refused = loop {
            match Socket::open(Socket::request(&server.base_url(), &query), "").await {
                Ok(mut socket) => {
                    assert!(socket.expect_refusal().await.contains("Too many connections"), "{extra}");
                    held.push(socket);
                }
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, Error::Http(response) if response.status() == 429), "{extra}");
        assert_eq!(held.len(), 3, "{extra}");
        server.shutdown().await;
    }
}

/// Leaving and rejoining the namespace does not restart the minute in which events are counted.
#[tokio::test]
async fn the_event_limit_spans_namespace_reconnects() {
    let limits = Limits { events_per_minute: 3, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let mut socket = Socket::connect(&server).await;
    for _ in 0..3 {
        socket.send("42[\"heartbeat\",{}]").await;
    }
    socket.send("41").await;
    socket.send("40").await;
    assert!(socket.expect_refusal().await.contains("Too many events"));
    server.shutdown().await;
}

#[tokio::test]
async fn refused_connections_do_not_count_towards_the_limit() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let mut refused = Vec::new();
    for _ in 0..2 {
        let mut socket = Socket::open(Socket::request(&server.base_url(), "&api_key=am_wrong"), "").await.unwrap();
        assert!(socket.expect_refusal().await.contains("Authentication failed"));
        // Stock clients keep a refused connection open for a while.
        refused.push(socket);
    }
    Socket::connect(&server).await.join(&demo_project_id(&server)).await;
    server.shutdown().await;
}

#[tokio::test]
async fn connections_far_beyond_the_limit_are_answered_with_429() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let mut held = vec![Socket::connect(&server).await];
    let query = format!("&api_key={}", demo_api_key(&server));
    let status = loop {
        match Socket::open(Socket::request(&server.base_url(), &query), "").await {
            Ok(socket) => held.push(socket),
            Err(Error::Http(response)) => break response.status(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(status, 429);
    assert_eq!(held.len(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn excess_events_are_refused() {
    let limits = Limits { events_per_minute: 5, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    socket.join(&id).await;
    for _ in 0..4 {
        assert_eq!(socket.emit_with_ack("heartbeat", json!({})).await["ok"], true);
    }
    let refused = socket.emit_with_ack("join_project", json!({"project_id": id})).await;
    assert_eq!(refused["code"], "rate_limited");
    let failure = socket.next_event("error").await;
    assert_eq!(failure["code"], "rate_limited");
    assert_eq!(failure["project_id"], *id);
    assert!((1..=60).contains(&failure["retry_after"].as_u64().unwrap()));

    let refused = socket.emit_with_ack("replay_events", json!({"project_id": id})).await;
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["error"].is_string() && refused["retry_after"].is_u64());

    // The limit does not apply to events that the server sends.
    for n in 0..10 {
        crate::support::moderate(&server, json!({"content": format!("{n}")})).await;
        socket.next_event("moderation_update").await;
    }
    // Another connection has its own limit.
    Socket::connect(&server).await.join(&id).await;
    // The server disconnects a client that ignores the refusals.
    for _ in 0..30 {
        let _ = socket.try_send("42[\"heartbeat\"]").await;
    }
    eventually("the flooding client is disconnected", async || {
        matches!(socket.next_packet().await.as_deref(), Some("41") | None)
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn excess_rooms_are_refused() {
    let limits = Limits { rooms: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let (email, first) = (server.demo().unwrap().email.clone(), demo_project_id(&server));
    let second = server.create_project("Second").await.unwrap();
    server.add_member(&second, &email).await.unwrap();

    let mut request = Socket::request(&server.base_url(), "");
    let cookie = crate::support::sign_in(&server).await;
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;
    socket.join(&first).await;
    socket.join(&first).await;
    socket.emit("join_project", json!({"project_id": second})).await;
    let failure = socket.next_event("error").await;
    assert_eq!(failure["code"], "room_limit");
    assert_eq!(failure["project_id"], *second);

    socket.emit("leave_project", json!({"project_id": first})).await;
    socket.next_event("left_project").await;
    socket.join(&second).await;
    server.shutdown().await;
}
