//! The documented limits, as a user of the SDK observes them.

use std::time::Duration;

use automoderate::Client;
use automoderate_server::Limits;

use crate::fixtures::{demo_api_key, demo_server_builder, within_timeout};

#[tokio::test]
async fn a_room_above_the_limit_is_refused() {
    let limits = Limits { rooms: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
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
async fn emitted_events_are_limited_before_the_server_limits_them() {
    let server = demo_server_builder().limits(Limits::default()).start().await.unwrap();
    let client = Client::builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let mut sent = 0;
    let error = loop {
        match client.emit("heartbeat", ()).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    // The client reserves a fifth of the limit for joins, leaves, and replays.
    assert_eq!((error.code(), sent), ("rate_limited", 80));
    assert!(error.retry_in().unwrap() > Duration::from_secs(50));
    assert_eq!(client.state().as_str(), "connected", "the server must not disconnect the client");
}

#[tokio::test]
async fn a_connection_above_the_limit_is_refused_with_a_retry_time() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let server = demo_server_builder().limits(limits).start().await.unwrap();
    let first = Client::builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let second = Client::builder(server.base_url()).api_key(demo_api_key(&server));
    let error = within_timeout("the refusal", second.connect()).await.unwrap_err();
    assert_eq!(error.code(), "rate_limited", "{error}");
    assert!(error.is_retryable() && error.retry_in().is_some());
    first.close().await;
}
