//! Requests that no client library would send.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::attacker::Attacker;
use crate::line::{Line, request};

/// Sends all of it as it is, and reads until the server closes.
async fn send(attacker: &Attacker, line: &mut Line, bytes: &[u8]) -> io::Result<()> {
    attacker.count(|tally| tally.requests += 1);
    line.stream.write_all(bytes).await?;
    line.stream.shutdown().await?;
    let mut answer = Vec::new();
    (&mut line.stream).take(1 << 20).read_to_end(&mut answer).await?;
    let is_refused = !answer.starts_with(b"HTTP/1.1 2");
    attacker.count(|tally| tally.refused += u64::from(is_refused));
    Ok(())
}

/// Many headers, long headers, long paths and queries.
pub(super) async fn giant_heads(attacker: &Attacker) {
    let many: String = (0..20_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let heads = [
        format!("GET /live HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        format!("GET /live HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(380_000)),
        format!("GET /api/content?q={} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(60_000)),
        format!("GET /live HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "a=b; ".repeat(70_000)),
        format!("GET /live HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {}\r\n\r\n", "1.2.3.4, ".repeat(40_000)),
    ];
    attacker
        .many(20, async |number| {
            let mut line = attacker.connect(number).await?;
            send(attacker, &mut line, heads[number % heads.len()].as_bytes()).await
        })
        .await;
}

/// Thousands of requests on each connection, whose answers nobody takes.
pub(super) async fn pipelined(attacker: &Attacker) {
    let key = format!("x-api-key: {}", attacker.target.key);
    let requests: Vec<u8> = ["/api/openapi.json", "/api/stats", "/api/content?per_page=100"]
        .map(|path| request("GET", path, &key, ""))
        .concat()
        .repeat(1_000);
    attacker
        .many(100, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.count(|tally| tally.requests += 3_000);
            line.stream.write_all(&requests).await
        })
        .await;
}

/// HTTP/2 with streams that are reset at once, and bodies that claim to be packed.
pub(super) async fn other_protocols(attacker: &Attacker) {
    let mut http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1..20_000u32).step_by(2) {
        // HEADERS that say `:method: GET`, `:scheme: http`, `:path: /`, then RST_STREAM.
        http2.extend_from_slice(&[0, 0, 3, 1, 5]);
        http2.extend_from_slice(&stream.to_be_bytes());
        http2.extend_from_slice(&[0x82, 0x86, 0x84, 0, 0, 4, 3, 0]);
        http2.extend_from_slice(&stream.to_be_bytes());
        http2.extend_from_slice(&8u32.to_be_bytes());
    }
    let mut packed = Vec::new();
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        let head = format!(
            "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
             content-encoding: {encoding}\r\ncontent-length: 60000\r\n\r\n\x1f",
            attacker.target.key
        );
        packed.extend_from_slice(head.as_bytes());
        packed.resize(packed.len() + 59_999, 0);
    }
    attacker
        .many(16, async |number| {
            let mut line = attacker.connect(number).await?;
            send(attacker, &mut line, if number.is_multiple_of(2) { &http2 } else { &packed }).await
        })
        .await;
}
