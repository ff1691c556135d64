//! Reading as expensively as possible, and not reading at all.

use std::io;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::attacker::{Attacker, Socket};

/// Submits so many texts of so many letters, from several connections.
async fn fill(attacker: &Attacker, contents: usize, letters: usize) {
    let body = json!({"content": "x".repeat(letters)}).to_string();
    let fill = async |number| -> io::Result<()> {
        let mut line = attacker.connect(number).await?;
        for _ in 0..contents / 16 {
            attacker.by_key(&mut line, "POST", "/api/moderate", &body).await?;
        }
        Ok(())
    };
    futures_util::future::join_all((0..16).map(fill)).await;
}

/// A socket in the attacker's own room.
async fn joined(attacker: &Attacker, number: usize) -> io::Result<Socket> {
    let mut socket = super::sockets::enter(attacker, number).await?;
    let join = json!(["join_project", {"project_id": attacker.target.project}]);
    socket.send(Message::text(format!("42{join}"))).await.map_err(io::Error::other)?;
    while let Some(Ok(message)) = socket.next().await {
        if message.to_text().is_ok_and(|text| text.starts_with("42[\"joined_project\"")) {
            return Ok(socket);
        }
    }
    Err(io::ErrorKind::ConnectionRefused.into())
}

/// The last pages, the widest pages and searches, again and again.
pub(super) async fn deep_pages(attacker: &Attacker) {
    fill(attacker, 800, 200).await;
    let paths = [
        "/api/content?page=100&per_page=100",
        "/api/content?page=100000000&per_page=100",
        "/api/content?page=9223372036854775807",
        "/api/content?per_page=100&q=%25x%25x%25x%25y",
        "/api/content?limit=100&q=zzz",
        "/api/content?status=rejected&per_page=100&page=8",
    ];
    attacker
        .many(32, async |number| {
            let mut line = attacker.connect(number).await?;
            for path in paths.iter().cycle().skip(number) {
                attacker.by_key(&mut line, "GET", path, "").await?;
            }
            Ok(())
        })
        .await;
}

/// Two hundred sockets that ask for the whole log as often as they may.
pub(super) async fn replays(attacker: &Attacker) {
    fill(attacker, 800, 2_000).await;
    let replay = json!(["replay_events", {"project_id": attacker.target.project, "after": 0, "limit": 1000}]);
    attacker
        .many(200, async |number| {
            let mut socket = joined(attacker, number).await?;
            for id in 0.. {
                attacker.count(|tally| tally.requests += 1);
                socket.send(Message::text(format!("42{id}{replay}"))).await.map_err(io::Error::other)?;
                if !matches!(socket.next().await, Some(Ok(_))) {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
            }
            Ok(())
        })
        .await;
}

/// Two hundred sockets that join and never read again, while long texts are submitted.
pub(super) async fn deaf_readers(attacker: &Attacker) {
    let mut deaf = Vec::new();
    for number in 0..200 {
        deaf.extend(joined(attacker, number).await);
    }
    loop {
        fill(attacker, 160, 8_000).await;
    }
}
