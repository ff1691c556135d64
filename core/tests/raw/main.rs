//! Servers that misbehave below Engine.IO or answer with HTTP errors, on real sockets: the connection is replaced, with a
//! reason, and later events are delivered.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod auto_transport;
mod http;
mod login_page;
mod logs_hold_no_secret;
mod polling_hints;
mod polling_without_affinity;
mod rest;
mod server;

use std::time::Duration;

use automoderate::{Client, Event, ReconnectPolicy, State, StateChanges, Transports};
use server::{Connection, Server, text_frame};

const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

async fn reconnecting(states: &mut StateChanges) -> automoderate::Error {
    loop {
        match soon("the loss", states.next()).await.expect("the client continues") {
            State::Reconnecting { cause, .. } => return cause,
            State::Closed { reason } => panic!("the client must not end: {reason}"),
            _ => {}
        }
    }
}

/// A client that is not patient.
async fn connected(server: &Server) -> (Client, Connection, StateChanges) {
    let builder = Client::builder(server.url())
        .transports(Transports::WebSocket)
        .reconnect(ReconnectPolicy { delay: Duration::from_millis(20), ..ReconnectPolicy::default() });
    let (client, connection) = tokio::join!(builder.connect(), server.accept());
    let client = client.unwrap();
    let states = client.state_changes();
    (client, connection, states)
}

/// Joins, lets the server send the bytes, and expects the connection to be replaced and the stream to continue.
async fn replaced_after(bytes: &[u8], code: &str) {
    let server = Server::start().await;
    let (client, mut connection, mut states) = connected(&server).await;
    let (project, ()) = tokio::join!(client.join("p"), connection.accept_join("p"));
    let mut events = project.unwrap().events();

    connection.send_raw(bytes).await;
    let cause = reconnecting(&mut states).await;
    assert_eq!(cause.code(), code, "{cause}");

    let mut connection: Connection = soon("the new connection", server.accept()).await;
    connection.accept_join("p").await;
    connection
        .send_raw(&text_frame(br#"42["moderation_update",{"content_id":"c","project_id":"p","status":"approved"}]"#))
        .await;
    let Some(Ok(Event::Gap(_))) = soon("the gap", events.next()).await else { panic!("a gap reports the loss") };
    let Some(Ok(Event::ModerationUpdate(update))) = soon("the update", events.next()).await else {
        panic!("what follows is delivered")
    };
    assert_eq!(update.content_id, "c");
    client.close().await;
}

#[tokio::test]
async fn text_that_is_not_utf8() {
    replaced_after(&text_frame(b"42[\"moderation_update\",{\"content_id\":\"\xff\xfe\"}]"), "protocol").await;
}

#[tokio::test]
async fn raw_http_behind_a_close_frame() {
    let mut bytes = vec![0x88, 0x00];
    bytes.extend_from_slice(b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nServer: Werkzeug\r\n\r\n<!doctype html>");
    replaced_after(&bytes, "disconnected").await;
}

#[tokio::test]
async fn raw_http_without_a_close_frame() {
    // Long enough for the frame that its first bytes seem to announce.
    let page = format!("HTTP/1.1 500 INTERNAL SERVER ERROR\r\n\r\n{}", "<!doctype html>".repeat(20));
    replaced_after(page.as_bytes(), "protocol").await;
}

#[tokio::test]
async fn a_frame_with_reserved_bits() {
    replaced_after(&[0xf1, 0x01, b'6'], "protocol").await;
}

#[tokio::test]
async fn a_frame_that_promises_more_than_anybody_takes() {
    let mut bytes = vec![0x81, 127];
    bytes.extend_from_slice(&(1u64 << 40).to_be_bytes());
    replaced_after(&bytes, "protocol").await;
}

#[tokio::test]
async fn an_engine_close_packet() {
    replaced_after(&text_frame(b"1"), "disconnected").await;
}

#[tokio::test]
async fn two_megabytes_in_pieces() {
    let server = Server::start().await;
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
    let Some(Ok(Event::UnknownEvent(event))) = soon("the event", events.next()).await else { panic!("an event") };
    assert_eq!(event.data.as_str().len(), big.len() + r#"{"big":""}"#.len());
    client.close().await;
}

#[tokio::test]
async fn pings_without_end_that_nobody_takes_the_answers_to() {
    let server = Server::start_with_little_room();
    let (client, mut connection, mut states) = connected(&server).await;
    let pings = text_frame(b"2").repeat(10_000);
    let pinging = async {
        loop {
            connection.send_raw(&pings).await;
        }
    };
    let cause = tokio::select! {
        cause = reconnecting(&mut states) => cause,
        () = pinging => unreachable!(),
    };
    assert_eq!(cause.code(), "disconnected");
    assert!(cause.to_string().contains("stopped reading"), "{cause}");
    client.close().await;
}
