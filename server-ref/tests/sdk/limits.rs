//! The documented limits from the perspective of an SDK user.

use std::time::Duration;

use automoderate::Client;
use automoderate_server::Limits;

use crate::wires::{builder, key, soon};

#[tokio::test]
async fn one_room_too_many_is_refused() {
    let limits = Limits { rooms: 1, ..Limits::none() };
    let server = builder().limits(limits).start().await.unwrap();
    let demo = server.demo().unwrap().clone();
    let second = server.create_project("Second").await.unwrap();
    server.add_member(&second, &demo.email).await.unwrap();
    let client =
        Client::builder(server.base_url()).password(&demo.email, demo.password.as_str()).connect().await.unwrap();
    let first = client.join(demo.project_id.as_str()).await.unwrap();
    let error = client.join(second.as_str()).await.unwrap_err();
    assert_eq!(error.code(), "room_limit", "{error}");
    first.leave().await.unwrap();
    client.join(second.as_str()).await.unwrap();
}

#[tokio::test]
async fn the_users_own_events_are_limited_before_the_server_has_to() {
    let server = builder().limits(Limits::default()).start().await.unwrap();
    let client = Client::builder(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    let mut sent = 0;
    let error = loop {
        match client.emit("heartbeat", ()).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    // A fifth of the limit is reserved for joins and replays.
    assert_eq!((error.code(), sent), ("rate_limited", 80));
    assert!(error.retry_in().unwrap() > Duration::from_secs(50));
    assert_eq!(client.state().as_str(), "connected", "the server has nothing to complain of");
}

#[tokio::test]
async fn one_connection_too_many_is_told_when_to_come_back() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let server = builder().limits(limits).start().await.unwrap();
    let first = Client::builder(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    let second = Client::builder(server.base_url()).api_key(key(&server));
    let error = soon("the refusal", second.connect()).await.unwrap_err();
    assert_eq!(error.code(), "rate_limited", "{error}");
    assert!(error.is_retryable() && error.retry_in().is_some());
    first.close().await;
}
