//! An unfinished request gets an answer, in the form of every other error.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{http, key, server};

#[tokio::test]
async fn they_are_given_up_and_told_so() {
    let server = server().request_timeout(Duration::from_millis(50)).start().await.unwrap();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: 10\r\nconnection: close\r\n\r\n",
        key(&server)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 408 ") && head.contains("\r\nretry-after: 1\r\n"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&body["success"], &body["code"], &body["retry_after"]),
        (&false.into(), &"request_timeout".into(), &1.into())
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_refusal_does_not_cost_the_connection() {
    let server = server().start().await.unwrap();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"POST /api/moderate HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n").await.unwrap();
    // Many clients send the body in a separate packet; by now the head has been read.
    http().get(format!("{}/live", server.base_url())).send().await.unwrap();
    stream.write_all(b"{}").await.unwrap();
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.starts_with("HTTP/1.1 401 ") && answers.contains("HTTP/1.1 204 "), "{answers}");

    // A body too long to read for an unknown client ends the request with an error.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"POST /api/moderate HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    server.shutdown().await;
}
