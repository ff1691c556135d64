//! Attacks over WebSockets, with behavior that no real client exhibits.

use std::io;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::attacker::{Attacker, Socket};

async fn send_packet(socket: &mut Socket, packet: Message) -> io::Result<()> {
    socket.send(packet).await.map_err(io::Error::other)
}

async fn next_message(socket: &mut Socket) -> io::Result<Message> {
    socket.next().await.ok_or(io::ErrorKind::ConnectionReset)?.map_err(io::Error::other)
}

/// Opens a socket, sends CONNECT, and waits for the answer.
pub(super) async fn open_namespace(attacker: &Attacker, number: usize, query: &str) -> io::Result<Socket> {
    let mut socket = attacker.open_websocket(number, query).await?;
    send_packet(&mut socket, Message::text("40")).await?;
    while next_message(&mut socket).await?.to_text().is_ok_and(|text| !text.starts_with('4')) {}
    Ok(socket)
}

/// Opens a socket with the attacker's key.
pub(super) async fn open_with_key(attacker: &Attacker, number: usize) -> io::Result<Socket> {
    open_namespace(attacker, number, &format!("&api_key={}", attacker.target.key)).await
}

/// Leaves and rejoins the namespace as fast as possible.
pub(super) async fn reentered_namespaces(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(100, async |number| {
            let mut socket = open_with_key(attacker, number).await?;
            for _ in 0..1_000 {
                attacker.update_tally(|tally| tally.requests += 1);
                send_packet(&mut socket, Message::text("41")).await?;
                send_packet(&mut socket, Message::text("40")).await?;
                next_message(&mut socket).await?;
            }
            Ok(())
        })
        .await;
}

/// Opens connections and resets them before the server has sent its first packet.
pub(super) async fn reset_before_first_packet(attacker: &Attacker) {
    let upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    attacker
        .repeat_in_parallel(100, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.update_tally(|tally| tally.requests += 1);
            line.stream.write_all(upgrade.as_bytes()).await?;
            line.stream.set_zero_linger()
        })
        .await;
}

/// Sends frames near and above the size limit, announces attachments that never follow, and sends unannounced attachments.
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
        .repeat_in_parallel(28, async |number| {
            let mut socket = open_with_key(attacker, number).await?;
            for _ in 0..10 {
                for frame in &frames[number % frames.len()] {
                    attacker.update_tally(|tally| tally.requests += 1);
                    send_packet(&mut socket, frame.clone()).await?;
                }
            }
            next_message(&mut socket).await.map(drop)
        })
        .await;
}

/// Joins and leaves the room of the attacker's own project and rooms of projects that do not exist.
pub(super) async fn joined_and_left_rooms(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(100, async |number| {
            let mut socket = open_with_key(attacker, number).await?;
            for round in 0..600 {
                attacker.update_tally(|tally| tally.requests += 1);
                let id = if round % 2 == 0 { attacker.target.project.clone() } else { format!("{number}/{round}") };
                let name = if round % 4 < 2 { "join_project" } else { "leave_project" };
                send_packet(&mut socket, Message::text(format!("42{round}{}", json!([name, {"project_id": id}]))))
                    .await?;
                next_message(&mut socket).await?;
            }
            Ok(())
        })
        .await;
}

/// Opens sockets that join the project, and then resets their connections.
pub(super) async fn sockets_reset_after_join(attacker: &Attacker) {
    let join = json!(["join_project", {"project_id": attacker.target.project}]);
    attacker
        .repeat_in_parallel(100, async |number| {
            let mut socket = open_with_key(attacker, number).await?;
            send_packet(&mut socket, Message::text(format!("42{join}"))).await?;
            next_message(&mut socket).await?;
            socket.get_ref().set_zero_linger()
        })
        .await;
}
