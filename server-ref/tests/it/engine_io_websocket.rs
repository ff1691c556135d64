//! Engine.IO's requirements for a server over a WebSocket: handshake, heartbeat, upgrade, close, and invalid packets.

use std::time::Duration;

use automoderate_server::RunningServer;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{TIMEOUT, demo_api_key, demo_project_id, demo_server_builder, http_client, moderate};

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect_websocket(
    server: &RunningServer,
    query: &str,
) -> Result<WebSocket, tokio_tungstenite::tungstenite::Error> {
    let url = format!("ws://{}/socket.io/?{query}", server.address());
    Ok(connect_async(url).await?.0)
}

/// Returns the next text message, or `None` if the connection is closed.
async fn next_text(stream: &mut WebSocket) -> Option<String> {
    loop {
        match timeout(TIMEOUT, stream.next()).await.expect("no message in time") {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn send_packet(stream: &mut WebSocket, packet: &str) {
    stream.send(Message::text(packet)).await.unwrap();
}

/// Returns the next text message that is not a ping, and answers pings.
async fn next_packet(stream: &mut WebSocket) -> Option<String> {
    loop {
        match next_text(stream).await {
            Some(packet) if packet == "2" => drop(stream.send(Message::text("3")).await),
            other => return other,
        }
    }
}

/// Opens a polling session; returns its URL without a query, and its query with the `sid`.
async fn open_polling_session(server: &RunningServer) -> (String, String) {
    let query = format!("EIO=4&api_key={}", demo_api_key(server));
    let base = format!("{}/socket.io/", server.base_url());
    let url = format!("{base}?{query}&transport=polling");
    let open = http_client().get(&url).send().await.unwrap().text().await.unwrap();
    let open: Value = serde_json::from_str(&open[1..]).unwrap();
    (base, format!("{query}&sid={}", open["sid"].as_str().unwrap()))
}

#[tokio::test]
async fn the_handshake_is_the_first_packet() {
    let server = demo_server_builder().start().await.unwrap();
    let mut stream = connect_websocket(&server, "EIO=4&transport=websocket").await.unwrap();
    let open = next_text(&mut stream).await.unwrap();
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    assert!(open["sid"].as_str().unwrap().len() >= 16);
    assert_eq!(open["upgrades"], json!([]));
    assert_eq!(open["maxPayload"], 1_000_000);
    server.shutdown().await;
}

#[tokio::test]
async fn an_invalid_handshake_is_refused() {
    let server = demo_server_builder().start().await.unwrap();
    for query in
        ["", "EIO=abc&transport=websocket", "EIO=4&transport=abc", "EIO=4", "EIO=4&transport=websocket&sid=abc"]
    {
        assert!(connect_websocket(&server, query).await.is_err(), "{query}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn answered_pings_keep_a_connection_and_silence_ends_it() {
    let server =
        demo_server_builder().ping(Duration::from_millis(200), Duration::from_millis(1000)).start().await.unwrap();
    let mut stream = connect_websocket(&server, "EIO=4&transport=websocket").await.unwrap();
    assert!(next_text(&mut stream).await.unwrap().starts_with('0'));
    for _ in 0..3 {
        assert_eq!(next_text(&mut stream).await.as_deref(), Some("2"));
        send_packet(&mut stream, "3").await;
    }
    assert_eq!(next_text(&mut stream).await.as_deref(), Some("2"));
    // Apart from pings, only a CLOSE may follow before the connection ends.
    while let Some(packet) = next_text(&mut stream).await {
        assert!(packet == "1" || packet == "2", "{packet}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_close_packet_closes_the_connection() {
    let server = demo_server_builder().start().await.unwrap();
    let mut stream = connect_websocket(&server, "EIO=4&transport=websocket").await.unwrap();
    assert!(next_text(&mut stream).await.unwrap().starts_with('0'));
    send_packet(&mut stream, "1").await;
    // A ping may already have been in transit.
    while let Some(packet) = next_text(&mut stream).await {
        assert_eq!(packet, "2");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn an_invalid_packet_closes_the_connection() {
    let server = demo_server_builder().start().await.unwrap();
    for wrong in ["abc", "9", "0", "5", "6", ""] {
        let mut stream = connect_websocket(&server, "EIO=4&transport=websocket").await.unwrap();
        assert!(next_text(&mut stream).await.unwrap().starts_with('0'));
        send_packet(&mut stream, wrong).await;
        let last = next_packet(&mut stream).await;
        assert!(last.is_none() || last.as_deref() == Some("1"), "{wrong:?}: {last:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn an_upgrade_moves_the_session_without_losing_packets() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let (base, query) = open_polling_session(&server).await;
    let poll = format!("{base}?{query}&transport=polling");
    let join = json!(["join_project", {"project_id": id}]);
    http_client().post(&poll).body("40").send().await.unwrap();
    let mut seen = String::new();
    while !seen.contains("42[\"connected\"") {
        seen = http_client().get(&poll).send().await.unwrap().text().await.unwrap();
    }
    http_client().post(&poll).body(format!("42{join}")).send().await.unwrap();
    while !seen.contains("42[\"joined_project\"") {
        seen = http_client().get(&poll).send().await.unwrap().text().await.unwrap();
    }

    let mut stream = connect_websocket(&server, &format!("{query}&transport=websocket")).await.unwrap();
    let pending = tokio::spawn(http_client().get(&poll).send());
    send_packet(&mut stream, "2probe").await;
    assert_eq!(next_text(&mut stream).await.as_deref(), Some("3probe"));
    let pending = pending.await.unwrap().unwrap().text().await.unwrap();
    assert!(pending == "6" || pending == "2", "{pending}");
    // This item is moderated between the probe and the end of the upgrade.
    let between = moderate(&server, json!({"content": "between"})).await;
    send_packet(&mut stream, "5").await;
    let update = loop {
        let packet = next_packet(&mut stream).await.unwrap();
        if packet.starts_with("42[\"moderation_update\"") {
            break packet;
        }
    };
    assert!(update.contains(between["content_id"].as_str().unwrap()));

    // The old transport is closed, and a second upgrade of the session is refused.
    assert_eq!(http_client().get(&poll).send().await.unwrap().status(), 400);
    if let Ok(mut second) = connect_websocket(&server, &format!("{query}&transport=websocket")).await {
        assert_eq!(next_text(&mut second).await, None);
    }
    send_packet(&mut stream, "421[\"heartbeat\"]").await;
    while !next_packet(&mut stream).await.expect("the upgraded connection stays open").starts_with("431[") {}
    server.shutdown().await;
}
