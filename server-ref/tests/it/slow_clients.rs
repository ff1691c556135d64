//! Clients that do not read, do not answer, or never finish a request delay no other client and are disconnected.

use std::time::Duration;

use automoderate_server::{Limits, RunningServer};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{
    Socket, TIMEOUT, demo_api_key, demo_project_id, demo_server_builder, eventually, http_client, moderate,
};

/// Publishes events of about 8 KB each, and returns once they are committed.
async fn publish(server: &RunningServer, events: usize) {
    let id = demo_project_id(server);
    let mut payload = Map::new();
    payload.insert("padding".into(), Value::from("x".repeat(8000)));
    let all = (0..events).map(|_| server.publish(&id, "user_activity", payload.clone()));
    futures_util::future::join_all(all).await.into_iter().for_each(|result| result.unwrap());
}

/// Returns the number of sockets that `/metrics` reports.
async fn socket_count(server: &RunningServer) -> u64 {
    let text = http_client().get(format!("{}/metrics", server.base_url())).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("automoderate_sockets ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_disconnected_and_finds_all_events_in_the_log() {
    let server = demo_server_builder().ping(Duration::from_millis(500), Duration::from_secs(2)).start().await.unwrap();
    let id = demo_project_id(&server);
    let mut deaf = Socket::connect(&server).await;
    let head = deaf.join(&id).await["event_id"].as_i64().unwrap();
    let mut healthy = Socket::connect(&server).await;
    healthy.join(&id).await;

    // The events do not fit into the buffers of the kernel and of the socket. The other client still receives all events in
    // order.
    let mut last = head;
    for _ in 0..24 {
        publish(&server, 250).await;
        for _ in 0..250 {
            let event = healthy.next_event("user_activity").await;
            last += 1;
            assert_eq!(event["event_id"], last);
        }
    }
    // The socket `deaf` must not be read before the server disconnects it, because reading would answer the next ping.
    drop(healthy);
    eventually("its connection is released", async || socket_count(&server).await == 0).await;
    // Data in transit can still be read before the connection ends.
    let before = deaf.read_to_end().await;
    let events = before.iter().filter(|packet| packet.starts_with("42[\"user_activity\"")).count();
    assert!(events < 6000, "{events}");

    let mut again = Socket::connect(&server).await;
    again.join(&id).await;
    let mut after = head;
    while after < last {
        let page = again.emit_with_ack("replay_events", json!({"project_id": id, "after": after, "limit": 100})).await;
        for event in page["events"].as_array().unwrap() {
            after += 1;
            assert_eq!(event["data"]["event_id"], after);
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_vanished_client_releases_its_connection() {
    let limits = Limits { connections_per_ip: 1, ..Limits::none() };
    let server =
        demo_server_builder().limits(limits).ping(Duration::from_millis(200), Duration::from_millis(300)).start().await;
    let server = server.unwrap();
    // Nothing reads this socket, so it answers no pings, although the kernel still acknowledges data.
    let vanished = Socket::connect(&server).await;
    let query = format!("&api_key={}", demo_api_key(&server));
    eventually("its connection is released", async || {
        let Ok(mut socket) = Socket::open(Socket::request(&server.base_url(), &query), "").await else { return false };
        socket.next_packet().await.unwrap().starts_with("40")
    })
    .await;
    drop(vanished);
    server.shutdown().await;
}

#[tokio::test]
async fn unfinished_requests_delay_neither_others_nor_a_drain() {
    let server = demo_server_builder().start().await.unwrap();
    let request = format!(
        "POST /api/moderate HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{",
        demo_api_key(&server)
    );
    let mut held = Vec::new();
    for start in [&request[..20], &request[..], "\r\n"].into_iter().cycle().take(150) {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        held.push(stream);
    }
    assert_eq!(moderate(&server, json!({"content": "hello"})).await["status"], "approved");
    tokio::time::timeout(TIMEOUT, server.shutdown()).await.unwrap();
    let mut rest = Vec::new();
    for mut stream in held {
        // The connection is closed, with or without an answer.
        let _ = tokio::time::timeout(TIMEOUT, stream.read_to_end(&mut rest)).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_sent_byte_by_byte_is_answered() {
    let server = demo_server_builder().start().await.unwrap();
    let body = r#"{"content":"slowly"}"#;
    let request = format!(
        "POST /api/moderate HTTP/1.1\r\nHost: x\r\nX-API-Key: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        demo_api_key(&server),
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
