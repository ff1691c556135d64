//! Clients that don't read, don't answer, or never finish a request delay no other client, and are disconnected.

use std::time::Duration;

use automoderate_server::{Limits, RunningServer};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, Socket, eventually, http, key, moderate, project, server};

/// Publishes events of about 8 KB, and returns when they are committed.
async fn publish(server: &RunningServer, events: usize) {
    let id = project(server);
    let mut payload = Map::new();
    payload.insert("padding".into(), Value::from("x".repeat(8000)));
    let all = (0..events).map(|_| server.publish(&id, "user_activity", payload.clone()));
    futures_util::future::join_all(all).await.into_iter().for_each(|result| result.unwrap());
}

/// The number of connections in `/metrics`.
async fn sockets(server: &RunningServer) -> u64 {
    let text = http().get(format!("{}/metrics", server.base_url())).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("automoderate_sockets ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_let_go_and_finds_everything_in_the_log() {
    let server = server().ping(Duration::from_millis(500), Duration::from_secs(2)).start().await.unwrap();
    let id = project(&server);
    let mut deaf = Socket::connect(&server).await;
    let head = deaf.join(&id).await["event_id"].as_i64().unwrap();
    let mut healthy = Socket::connect(&server).await;
    healthy.join(&id).await;

    // More than the kernel's and the socket's buffers; the other client receives all of it, in order.
    let mut last = head;
    for _ in 0..24 {
        publish(&server, 250).await;
        for _ in 0..250 {
            let event = healthy.event("user_activity").await;
            last += 1;
            assert_eq!(event["event_id"], last);
        }
    }
    // It must not start to read before it was disconnected, or it answers the next ping.
    drop(healthy);
    eventually("its place is free", async || sockets(&server).await == 0).await;
    // Data in flight can still be read, then the end follows.
    let before = deaf.rest().await;
    let events = before.iter().filter(|packet| packet.starts_with("42[\"user_activity\"")).count();
    assert!(events < 6000, "{events}");

    let mut again = Socket::connect(&server).await;
    again.join(&id).await;
    let mut after = head;
    while after < last {
        let page = again.ask("replay_events", json!({"project_id": id, "after": after, "limit": 100})).await;
        for event in page["events"].as_array().unwrap() {
            after += 1;
            assert_eq!(event["data"]["event_id"], after);
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn who_vanished_without_a_word_leaves_a_place() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let server = server().limits(limits).ping(Duration::from_millis(200), Duration::from_millis(300)).start().await;
    let server = server.unwrap();
    // It is not read any more, so that it answers no ping; the kernel keeps acknowledging.
    let vanished = Socket::connect(&server).await;
    let query = format!("&api_key={}", key(&server));
    eventually("its place is free", async || {
        let Ok(mut socket) = Socket::open(Socket::request(&server.base_url(), &query), "").await else { return false };
        socket.packet().await.unwrap().starts_with("40")
    })
    .await;
    drop(vanished);
    server.shutdown().await;
}

#[tokio::test]
async fn requests_that_never_end_disturb_nobody_and_do_not_hold_up_a_drain() {
    let server = server().start().await.unwrap();
    let request = format!(
        "POST /api/moderate HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{",
        key(&server)
    );
    let mut held = Vec::new();
    for start in [&request[..20], &request[..], "\r\n"].into_iter().cycle().take(150) {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        held.push(stream);
    }
    assert_eq!(moderate(&server, json!({"content": "hello"})).await["status"], "approved");
    tokio::time::timeout(PATIENCE, server.shutdown()).await.unwrap();
    let mut rest = Vec::new();
    for mut stream in held {
        // Closed, with or without an answer.
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_comes_letter_by_letter_is_answered() {
    let server = server().start().await.unwrap();
    let body = r#"{"content":"slowly"}"#;
    let request = format!(
        "POST /api/moderate HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        key(&server),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for letter in request.as_bytes() {
        stream.write_all(&[*letter]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.shutdown().await;
}
