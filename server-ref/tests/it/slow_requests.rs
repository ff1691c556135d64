//! An unfinished request is answered with an error in the usual format, and a refusal ends the connection only if the announced body is too
//! long to skip.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{demo_api_key, demo_server_builder, http_client};

#[tokio::test]
async fn an_unfinished_request_times_out_with_an_error() {
    let server = demo_server_builder().request_timeout(Duration::from_millis(50)).start().await.unwrap();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: 10\r\nconnection: close\r\n\r\n",
        demo_api_key(&server)
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
async fn a_refused_request_keeps_its_connection_open() {
    let server = demo_server_builder().start().await.unwrap();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"POST /api/moderate HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n").await.unwrap();
    // Many clients send the body in a separate packet. The following request gives the server time to read the head.
    http_client().get(format!("{}/live", server.base_url())).send().await.unwrap();
    stream.write_all(b"{}").await.unwrap();
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.starts_with("HTTP/1.1 401 ") && answers.contains("HTTP/1.1 204 "), "{answers}");

    // If an unauthenticated client announces a body that is too long to skip, the server closes the connection.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"POST /api/moderate HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    server.shutdown().await;
}
