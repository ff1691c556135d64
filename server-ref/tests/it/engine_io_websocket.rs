//! Engine.IO's requirements for a server over a WebSocket: handshake, heartbeat, upgrade, close, invalid packets.

use std::time::Duration;

use automoderate_server::RunningServer;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{PATIENCE, http, key, moderate, project, server};

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn dial(server: &RunningServer, query: &str) -> Result<Stream, tokio_tungstenite::tungstenite::Error> {
    let url = format!("ws://{}/socket.io/?{query}", server.address());
    Ok(connect_async(url).await?.0)
}

/// The next text. `None`: the connection was closed.
async fn next(stream: &mut Stream) -> Option<String> {
    loop {
        match timeout(PATIENCE, stream.next()).await.expect("something comes") {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn send(stream: &mut Stream, packet: &str) {
    stream.send(Message::text(packet)).await.unwrap();
}

/// The next text that is not a ping.
async fn packet(stream: &mut Stream) -> Option<String> {
    loop {
        match next(stream).await {
            Some(packet) if packet == "2" => drop(stream.send(Message::text("3")).await),
            other => return other,
        }
    }
}

/// A polling session: its URL without and its query with the `sid`.
async fn polling(server: &RunningServer) -> (String, String) {
    let query = format!("EIO=4&api_key={}", key(server));
    let base = format!("{}/socket.io/", server.base_url());
    let url = format!("{base}?{query}&transport=polling");
    let open = http().get(&url).send().await.unwrap().text().await.unwrap();
    let open: Value = serde_json::from_str(&open[1..]).unwrap();
    (base, format!("{query}&sid={}", open["sid"].as_str().unwrap()))
}

#[tokio::test]
async fn the_handshake_is_the_first_packet() {
    let server = server().start().await.unwrap();
    let mut stream = dial(&server, "EIO=4&transport=websocket").await.unwrap();
    let open = next(&mut stream).await.unwrap();
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    assert!(open["sid"].as_str().unwrap().len() >= 16);
    assert_eq!(open["upgrades"], json!([]));
    assert_eq!(open["maxPayload"], 1_000_000);
    server.shutdown().await;
}

#[tokio::test]
async fn a_handshake_that_is_wrong_is_refused() {
    let server = server().start().await.unwrap();
    for query in
        ["", "EIO=abc&transport=websocket", "EIO=4&transport=abc", "EIO=4", "EIO=4&transport=websocket&sid=abc"]
    {
        assert!(dial(&server, query).await.is_err(), "{query}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn pings_keep_a_connection_and_silence_ends_it() {
    let server = server().ping(Duration::from_millis(200), Duration::from_millis(1000)).start().await.unwrap();
    let mut stream = dial(&server, "EIO=4&transport=websocket").await.unwrap();
    assert!(next(&mut stream).await.unwrap().starts_with('0'));
    for _ in 0..3 {
        assert_eq!(next(&mut stream).await.as_deref(), Some("2"));
        send(&mut stream, "3").await;
    }
    assert_eq!(next(&mut stream).await.as_deref(), Some("2"));
    // Only the end follows, with or without a CLOSE.
    while let Some(packet) = next(&mut stream).await {
        assert!(packet == "1" || packet == "2", "{packet}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn close_closes() {
    let server = server().start().await.unwrap();
    let mut stream = dial(&server, "EIO=4&transport=websocket").await.unwrap();
    assert!(next(&mut stream).await.unwrap().starts_with('0'));
    send(&mut stream, "1").await;
    // A ping may have been on its way.
    while let Some(packet) = next(&mut stream).await {
        assert_eq!(packet, "2");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_packet_closes() {
    let server = server().start().await.unwrap();
    for wrong in ["abc", "9", "0", "5", "6", ""] {
        let mut stream = dial(&server, "EIO=4&transport=websocket").await.unwrap();
        assert!(next(&mut stream).await.unwrap().starts_with('0'));
        send(&mut stream, wrong).await;
        let last = packet(&mut stream).await;
        assert!(last.is_none() || last.as_deref() == Some("1"), "{wrong:?}: {last:?}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn an_upgrade_moves_the_session_and_loses_nothing() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let (base, query) = polling(&server).await;
    let poll = format!("{base}?{query}&transport=polling");
    let join = json!(["join_project", {"project_id": id}]);
    http().post(&poll).body("40").send().await.unwrap();
    let mut seen = String::new();
    while !seen.contains("42[\"connected\"") {
        seen = http().get(&poll).send().await.unwrap().text().await.unwrap();
    }
    http().post(&poll).body(format!("42{join}")).send().await.unwrap();
    while !seen.contains("42[\"joined_project\"") {
        seen = http().get(&poll).send().await.unwrap().text().await.unwrap();
    }

    let mut stream = dial(&server, &format!("{query}&transport=websocket")).await.unwrap();
    let pending = tokio::spawn(http().get(&poll).send());
    send(&mut stream, "2probe").await;
    assert_eq!(next(&mut stream).await.as_deref(), Some("3probe"));
    let pending = pending.await.unwrap().unwrap().text().await.unwrap();
    assert!(pending == "6" || pending == "2", "{pending}");
    // Sent between the probe and the end of the upgrade.
    let between = moderate(&server, json!({"content": "between"})).await;
    send(&mut stream, "5").await;
    let update = loop {
        let packet = packet(&mut stream).await.unwrap();
        if packet.starts_with("42[\"moderation_update\"") {
            break packet;
        }
    };
    assert!(update.contains(between["content_id"].as_str().unwrap()));

    // The old transport has ended, and so has a second upgrade.
    assert_eq!(http().get(&poll).send().await.unwrap().status(), 400);
    if let Ok(mut second) = dial(&server, &format!("{query}&transport=websocket")).await {
        assert_eq!(next(&mut second).await, None);
    }
    send(&mut stream, "421[\"heartbeat\"]").await;
    while !packet(&mut stream).await.expect("the first one continues").starts_with("431[") {}
    server.shutdown().await;
}
