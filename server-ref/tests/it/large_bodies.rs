//! Large bodies of one address take only so much memory at once: further ones are refused, small ones are not.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{key, server};
use crate::web::Caller;

/// The most bytes of the bodies of one address, and the part of each that does not count.
const ADDRESS_BYTES: usize = 8 * 1024 * 1024;
const BODY_BYTES: usize = 900_000;

#[tokio::test]
async fn of_one_address_take_a_limited_part_of_the_memory() {
    let server = server().start().await.unwrap();
    let key = key(&server);
    let address = server.base_url().strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {BODY_BYTES}\r\n\r\n"
    );
    // All but the last byte, so that the server has to keep them.
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
