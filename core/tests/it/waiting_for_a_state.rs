//! A program can wait until the client is connected, and until it has ended.

use std::time::Duration;

use automoderate::testing::Script;
use futures_util::{FutureExt, stream::FusedStream};

use crate::common::{builder, connected, joined, settle};

#[tokio::test(start_paused = true)]
async fn until_it_is_connected() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    client.wait_until_connected(None).now_or_never().expect("at once").unwrap();
    server.cut();
    settle().await;
    let error = client.wait_until_connected(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.code(), "connect_timeout");
    let (waited, _server) = tokio::join!(client.wait_until_connected(Duration::MAX), script.accept_handshake());
    waited.unwrap();
}

#[tokio::test(start_paused = true)]
async fn until_it_has_ended() {
    let script = Script::new();
    let (client, project, _server) = joined(&script, None).await;
    let mut events = project.events();
    assert!(client.closed().now_or_never().is_none());
    assert!(!events.is_terminated());
    let (reason, ()) = tokio::join!(client.closed(), client.close());
    assert_eq!(reason.code(), "closed");
    assert_eq!(client.closed().now_or_never().expect("at once").code(), "closed");
    assert_eq!(client.wait_until_connected(None).await.unwrap_err().code(), "closed");
    assert!(events.next().await.is_none());
    assert!(events.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn until_a_client_that_never_connected_is_closed() {
    let client = builder(&Script::new()).build().unwrap();
    assert!(client.wait_until_connected(None).now_or_never().is_none());
    client.close().await;
    assert_eq!(client.closed().await.code(), "closed");
}
