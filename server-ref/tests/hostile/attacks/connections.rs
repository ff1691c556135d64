//! Connections that are kept, or never used.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use crate::attacker::Attacker;
use crate::line::Line;

/// Eight hundred requests, each a letter in 50 ms.
async fn letter_by_letter(attacker: &Attacker, start: &str, letters: &str) {
    attacker
        .many(800, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.count(|tally| tally.requests += 1);
            line.stream.write_all(start.as_bytes()).await?;
            for letter in letters.as_bytes() {
                line.stream.write_all(&[*letter]).await?;
                sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        })
        .await;
}

pub(super) async fn slow_heads(attacker: &Attacker) {
    letter_by_letter(attacker, "GET /api/content HTTP/1.1\r\n", &"x-header: value\r\n".repeat(100)).await;
}

pub(super) async fn slow_bodies(attacker: &Attacker) {
    let start = format!(
        "POST /api/moderate HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         content-length: 900000\r\n\r\n{{\"content\":\"",
        attacker.target.key
    );
    letter_by_letter(attacker, &start, &"x".repeat(10_000)).await;
}

/// Up to ten thousand connections of one address, and nothing on them.
pub(super) async fn hoarded(attacker: &Attacker) {
    let mut held: Vec<Line> = Vec::new();
    while held.len() < 10_000 {
        attacker.count(|tally| tally.requests += 1);
        match attacker.connect(0).await {
            Ok(line) => held.push(line),
            Err(_) => {
                attacker.count(|tally| tally.refused += 1);
                sleep(Duration::from_millis(10)).await;
            }
        }
    }
    std::future::pending().await
}

/// Connections that end at once, and some that end in the middle of a request.
pub(super) async fn short(attacker: &Attacker) {
    attacker
        .many(64, async |number| {
            let mut line: Line = attacker.connect(number).await?;
            attacker.count(|tally| tally.requests += 1);
            if number.is_multiple_of(2) {
                line.stream
                    .write_all(b"POST /api/moderate HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
                    .await?;
            }
            // A reset instead of an orderly end.
            line.stream.set_zero_linger()?;
            io::Result::Ok(())
        })
        .await;
}
