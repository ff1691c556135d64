//! Servers that misbehave below Engine.IO or answer with HTTP errors, on real sockets: the client reports why it
//! replaces the connection and then delivers later events.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod auto_transport;
mod http;
mod login_page;
mod logs_hold_no_secret;
mod network_changed_while_polling;
mod polling_without_affinity;
mod rest;
mod server;

use std::time::Duration;

use automoderate::{Client, Event, ReconnectPolicy, State, StateChanges, Transports};
use server::{RawConnection, RawServer, text_frame};

const TIMEOUT: Duration = Duration::from_secs(20);

async fn within_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIMEOUT, future).await.unwrap_or_else(|_| panic!("{what}: not within {TIMEOUT:?}"))
}

async fn next_reconnect_cause(states: &mut StateChanges) -> automoderate::Error {
    loop {
        match within_timeout("the loss", states.next()).await.expect("the client continues") {
            State::Reconnecting { cause, .. } => return cause,
            State::Closed { reason } => panic!("the client must not close: {reason}"),
            _ => {}
        }
    }
}

/// Connects a client that reconnects after 20 ms.
async fn connect_fast_reconnect_client(server: &RawServer) -> (Client, RawConnection, StateChanges) {
    let builder = Client::builder(server.url())
        .transports(Transports::WebSocket)
        .reconnect(ReconnectPolicy { delay: Duration::from_millis(20), ..ReconnectPolicy::default() });
    let (client, connection) = tokio::join!(builder.connect(), server.accept());
    let client = client.unwrap();
    let states = client.state_changes();
    (client, connection, states)
}

/// Joins, sends the bytes to the client, and expects a new connection whose events the stream delivers.
async fn expect_reconnect_after(bytes: &[u8], code: &str) {
    let server = RawServer::start().await;
    let (client, mut connection, mut states) = connect_fast_reconnect_client(&server).await;
    let (project, ()) = tokio::join!(client.join("p"), connection.accept_join("p"));
    let mut events = project.unwrap().events();

    connection.send_raw(bytes).await;
    let cause = next_reconnect_cause(&mut states).await;
    assert_eq!(cause.code(), code, "{cause}");

    let mut connection: RawConnection = within_timeout("the new connection", server.accept()).await;
    connection.accept_join("p").await;
    connection
        .send_raw(&text_frame(br#"42["moderation_update",{"content_id":"c","project_id":"p","status":"approved"}]"#))
        .await;
    let Some(Ok(Event::Gap(_))) = within_timeout("the gap", events.next()).await else { panic!("expected a gap") };
    let Some(Ok(Event::ModerationUpdate(update))) = within_timeout("the update", events.next()).await else {
        panic!("expected the decision that follows")
    };
    assert_eq!(update.content_id, "c");
    client.close().await;
}

#[tokio::test]
async fn invalid_utf8_replaces_the_connection() {
    expect_reconnect_after(&text_frame(b"42[\"moderation_update\",{\"content_id\":\"\xff\xfe\"}]"), "protocol").await;
}

#[tokio::test]
async fn raw_http_after_a_close_frame_replaces_the_connection() {
    let mut bytes = vec![0x88, 0x00];
    bytes.extend_from_slice(b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nServer: Werkzeug\r\n\r\n<!doctype html>");
    expect_reconnect_after(&bytes, "disconnected").await;
}

#[tokio::test]
async fn raw_http_without_a_close_frame_replaces_the_connection() {
    // The page is long enough to complete the frame whose length the page's first bytes seem to announce.
    let page = format!("HTTP/1.1 500 INTERNAL SERVER ERROR\r\n\r\n{}", "<!doctype html>".repeat(20));
    expect_reconnect_after(page.as_bytes(), "protocol").await;
}

#[tokio::test]
async fn reserved_bits_replace_the_connection() {
    expect_reconnect_after(&[0xf1, 0x01, b'6'], "protocol").await;
}

#[tokio::test]
async fn an_oversized_frame_length_replaces_the_connection() {
    let mut bytes = vec![0x81, 127];
    bytes.extend_from_slice(&(1u64 << 40).to_be_bytes());
    expect_reconnect_after(&bytes, "protocol").await;
}

#[tokio::test]
async fn an_engine_io_close_packet_replaces_the_connection() {
    expect_reconnect_after(&text_frame(b"1"), "disconnected").await;
}

#[tokio::test]
async fn a_large_frame_may_arrive_in_pieces() {
    let server = RawServer::start().await;
    let builder = Client::builder(server.url()).transports(Transports::WebSocket);
    let (client, mut connection) = tokio::join!(builder.connect(), server.accept());
    let client = client.unwrap();
    let (project, ()) = tokio::join!(client.join("p"), connection.accept_join("p"));
    let mut events = project.unwrap().events();
    let big = "x".repeat(2_000_000);
    let frame = text_frame(format!(r#"42["brand_new",{{"big":"{big}"}}]"#).as_bytes());
    for piece in frame.chunks(100_000) {
        connection.send_raw(piece).await;
    }
    let Some(Ok(Event::UnknownEvent(event))) = within_timeout("the event", events.next()).await else {
        panic!("an event")
    };
    assert_eq!(event.data.as_str().len(), big.len() + r#"{"big":""}"#.len());
    client.close().await;
}

#[tokio::test]
async fn a_server_that_stops_reading_is_disconnected() {
    let server = RawServer::start_with_small_receive_buffer();
    let (client, mut connection, mut states) = connect_fast_reconnect_client(&server).await;
    let pings = text_frame(b"2").repeat(10_000);
    let pinging = async {
        loop {
            connection.send_raw(&pings).await;
        }
    };
    let cause = tokio::select! {
        cause = next_reconnect_cause(&mut states) => cause,
        () = pinging => unreachable!(),
    };
    assert_eq!(cause.code(), "disconnected");
    assert!(cause.to_string().contains("stopped reading"), "{cause}");
    client.close().await;
}
