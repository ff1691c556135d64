//! A program can wait until the client is connected, and until the client is closed.

use std::time::Duration;

use automoderate::testing::Script;
use futures_util::{FutureExt, stream::FusedStream};

use crate::common::{client_builder, connected_client, joined_client, let_tasks_run};

#[tokio::test(start_paused = true)]
async fn wait_until_the_client_is_connected() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    client.wait_until_connected(None).now_or_never().expect("completes immediately").unwrap();
    server.cut();
    let_tasks_run().await;
    let error = client.wait_until_connected(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.code(), "connect_timeout");
    let (waited, _server) = tokio::join!(client.wait_until_connected(Duration::MAX), script.accept_handshake());
    waited.unwrap();
}

#[tokio::test(start_paused = true)]
async fn wait_until_the_client_is_closed() {
    let script = Script::new();
    let (client, project, _server) = joined_client(&script, None).await;
    let mut events = project.events();
    assert!(client.closed().now_or_never().is_none());
    assert!(!events.is_terminated());
    let (reason, ()) = tokio::join!(client.closed(), client.close());
    assert_eq!(reason.code(), "closed");
    assert_eq!(client.closed().now_or_never().expect("completes immediately").code(), "closed");
    assert_eq!(client.wait_until_connected(None).await.unwrap_err().code(), "closed");
    assert!(events.next().await.is_none());
    assert!(events.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn wait_until_a_never_connected_client_is_closed() {
    let client = client_builder(&Script::new()).build().unwrap();
    assert!(client.wait_until_connected(None).now_or_never().is_none());
    client.close().await;
    assert_eq!(client.closed().await.code(), "closed");
}
