//! Attacks by clients that request expensive reads, or that do not read from their sockets.

use std::io;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::attacker::{Attacker, Socket};

/// Submits `item_count` texts of `length` characters over several connections.
async fn submit_texts(attacker: &Attacker, item_count: usize, length: usize) {
    let body = json!({"content": "x".repeat(length)}).to_string();
    let submit_part = async |number| -> io::Result<()> {
        let mut line = attacker.connect(number).await?;
        for _ in 0..item_count / 16 {
            attacker.request_with_key(&mut line, "POST", "/api/moderate", &body).await?;
        }
        Ok(())
    };
    futures_util::future::join_all((0..16).map(submit_part)).await;
}

/// Opens a socket in the room of the attacker's own project.
async fn open_joined_socket(attacker: &Attacker, number: usize) -> io::Result<Socket> {
    let mut socket = super::sockets::open_with_key(attacker, number).await?;
    let join = json!(["join_project", {"project_id": attacker.target.project}]);
    socket.send(Message::text(format!("42{join}"))).await.map_err(io::Error::other)?;
    while let Some(Ok(message)) = socket.next().await {
        if message.to_text().is_ok_and(|text| text.starts_with("42[\"joined_project\"")) {
            return Ok(socket);
        }
    }
    Err(io::ErrorKind::ConnectionRefused.into())
}

/// Requests pages beyond the end of the list, pages of the maximum size, and expensive searches.
pub(super) async fn deep_pages(attacker: &Attacker) {
    submit_texts(attacker, 800, 200).await;
    let paths = [
        "/api/content?page=100&per_page=100",
        "/api/content?page=100000000&per_page=100",
        "/api/content?page=9223372036854775807",
        "/api/content?per_page=100&q=%25x%25x%25x%25y",
        "/api/content?limit=100&q=zzz",
        "/api/content?status=rejected&per_page=100&page=8",
    ];
    attacker
        .repeat_in_parallel(32, async |number| {
            let mut line = attacker.connect(number).await?;
            for path in paths.iter().cycle().skip(number) {
                attacker.request_with_key(&mut line, "GET", path, "").await?;
            }
            Ok(())
        })
        .await;
}

/// Uses 32 connections to request snapshots of a project with 800 items.
pub(super) async fn snapshots(attacker: &Attacker) {
    submit_texts(attacker, 800, 200).await;
    let path = format!("/api/projects/{}/snapshot", attacker.target.project);
    attacker
        .repeat_in_parallel(32, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.request_with_key(&mut line, "GET", &path, "").await?;
            }
        })
        .await;
}

/// Repeatedly requests the log from its start on two hundred sockets.
pub(super) async fn full_replays(attacker: &Attacker) {
    submit_texts(attacker, 800, 2_000).await;
    let replay = json!(["replay_events", {"project_id": attacker.target.project, "after": 0, "limit": 1000}]);
    attacker
        .repeat_in_parallel(200, async |number| {
            let mut socket = open_joined_socket(attacker, number).await?;
            for id in 0.. {
                attacker.update_tally(|tally| tally.requests += 1);
                socket.send(Message::text(format!("42{id}{replay}"))).await.map_err(io::Error::other)?;
                if !matches!(socket.next().await, Some(Ok(_))) {
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
            }
            Ok(())
        })
        .await;
}

/// Joins the project on two hundred sockets, which then read nothing while long texts are submitted.
pub(super) async fn deaf_readers(attacker: &Attacker) {
    let mut deaf = Vec::new();
    for number in 0..200 {
        deaf.extend(open_joined_socket(attacker, number).await);
    }
    loop {
        submit_texts(attacker, 160, 8_000).await;
    }
}
