//! Large request bodies from one address share a limited amount of memory. When that memory is used up, further large bodies are refused,
//! but small ones are not.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{demo_api_key, demo_server_builder};
use crate::web::Caller;

/// Maximum number of bytes that unfinished bodies from one address may occupy.
const ADDRESS_BYTES: usize = 8 * 1024 * 1024;
/// Size of each large body in bytes.
const BODY_BYTES: usize = 900_000;

#[tokio::test]
async fn large_bodies_of_one_address_are_limited() {
    let server = demo_server_builder().start().await.unwrap();
    let key = demo_api_key(&server);
    let address = server.base_url().strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {BODY_BYTES}\r\n\r\n"
    );
    // The body lacks its last byte, so the server has to keep the part that it has received.
    let body = format!("{{\"content\":\"{}", "x".repeat(BODY_BYTES - 13));
    let mut held = Vec::new();
    for _ in 0..2 * ADDRESS_BYTES / BODY_BYTES {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let mut refused = 0;
    for stream in &mut held {
        let mut answer = vec![0; 12];
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(200), stream.read_exact(&mut answer)).await {
            read.unwrap();
            assert_eq!(answer, b"HTTP/1.1 429");
            refused += 1;
        }
    }
    assert!((held.len() / 2 - 2..held.len()).contains(&refused), "{refused} of {}", held.len());
    Caller::Key(key).post(&server, "/api/moderate", serde_json::json!({"content": "small"})).await;
    drop(held);
    server.shutdown().await;
}
