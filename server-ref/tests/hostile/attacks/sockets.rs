//! WebSockets that do what no client does.

use std::io;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::attacker::{Attacker, Socket};

async fn send(socket: &mut Socket, packet: Message) -> io::Result<()> {
    socket.send(packet).await.map_err(io::Error::other)
}

async fn next(socket: &mut Socket) -> io::Result<Message> {
    socket.next().await.ok_or(io::ErrorKind::ConnectionReset)?.map_err(io::Error::other)
}

/// Asks to be let in, and waits for the answer.
pub(super) async fn knock(attacker: &Attacker, number: usize, query: &str) -> io::Result<Socket> {
    let mut socket = attacker.web_socket(number, query).await?;
    send(&mut socket, Message::text("40")).await?;
    while next(&mut socket).await?.to_text().is_ok_and(|text| !text.starts_with('4')) {}
    Ok(socket)
}

/// The same with the key.
pub(super) async fn enter(attacker: &Attacker, number: usize) -> io::Result<Socket> {
    knock(attacker, number, &format!("&api_key={}", attacker.target.key)).await
}

/// Leaves the namespace and enters it again, as fast as it can.
pub(super) async fn namespaces(attacker: &Attacker) {
    attacker
        .many(100, async |number| {
            let mut socket = enter(attacker, number).await?;
            for _ in 0..1_000 {
                attacker.count(|tally| tally.requests += 1);
                send(&mut socket, Message::text("41")).await?;
                send(&mut socket, Message::text("40")).await?;
                next(&mut socket).await?;
            }
            Ok(())
        })
        .await;
}

/// Connections that are reset before the server has said its first word.
pub(super) async fn cut_early(attacker: &Attacker) {
    let upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    attacker
        .many(100, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.count(|tally| tally.requests += 1);
            line.stream.write_all(upgrade.as_bytes()).await?;
            line.stream.set_zero_linger()
        })
        .await;
}

/// The largest frames, attachments that never come, and attachments that nobody asked for.
pub(super) async fn giant_frames(attacker: &Attacker) {
    let text = |text: String| Message::text(text);
    let frames = [
        vec![text(format!("42[\"join_project\",\"{}\"]", "x".repeat(950_000)))],
        vec![text(format!("42{}", "[".repeat(950_000)))],
        vec![text("4599999999999-[\"x\",{\"_placeholder\":true,\"num\":0}]".into())],
        vec![text("459-[\"x\",{\"_placeholder\":true,\"num\":8}]".into()), Message::binary(vec![0; 950_000])],
        vec![Message::binary(vec![4; 950_000])],
        vec![text("4".repeat(2_000_000))],
        vec![text(format!("42{}[\"heartbeat\"]", "9".repeat(100_000)))],
    ];
    attacker
        .many(28, async |number| {
            let mut socket = enter(attacker, number).await?;
            for _ in 0..10 {
                for frame in &frames[number % frames.len()] {
                    attacker.count(|tally| tally.requests += 1);
                    send(&mut socket, frame.clone()).await?;
                }
            }
            next(&mut socket).await.map(drop)
        })
        .await;
}

/// Rooms of projects that exist, or belong to others, or do not exist.
pub(super) async fn rooms(attacker: &Attacker) {
    attacker
        .many(100, async |number| {
            let mut socket = enter(attacker, number).await?;
            for round in 0..600 {
                attacker.count(|tally| tally.requests += 1);
                let id = if round % 2 == 0 { attacker.target.project.clone() } else { format!("{number}/{round}") };
                let name = if round % 4 < 2 { "join_project" } else { "leave_project" };
                send(&mut socket, Message::text(format!("42{round}{}", json!([name, {"project_id": id}])))).await?;
                next(&mut socket).await?;
            }
            Ok(())
        })
        .await;
}

/// Clients that connect, join and vanish.
pub(super) async fn short(attacker: &Attacker) {
    let join = json!(["join_project", {"project_id": attacker.target.project}]);
    attacker
        .many(100, async |number| {
            let mut socket = enter(attacker, number).await?;
            send(&mut socket, Message::text(format!("42{join}"))).await?;
            next(&mut socket).await?;
            socket.get_ref().set_zero_linger()
        })
        .await;
}
