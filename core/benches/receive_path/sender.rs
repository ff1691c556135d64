//! The sender: a handshake, and then frames as fast as TCP accepts them.

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

use crate::{
    EventLog,
    samples::{documented_update, socket_io_message},
};

/// Serves one connection at a time until the process is killed.
pub(crate) fn run(events: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address").port());
        let (plain, numbered) = (encode_frames(events, EventLog::Absent), encode_frames(events, EventLog::Present));
        loop {
            let (tcp, _) = listener.accept().await.expect("a connection");
            // A reader that disconnects is not an error.
            let _ = serve(tcp, &plain, &numbered).await;
        }
    });
}

async fn serve(tcp: TcpStream, plain: &[u8], numbered: &[u8]) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    tcp.set_nodelay(true)?;
    let mut socket = accept_async(tcp).await?;
    let open = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    socket.send(Message::text(open)).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        let Ok(text) = message.to_text() else { continue };
        if text.starts_with("40") {
            socket.send(Message::text(r#"40{"sid":"n"}"#)).await?;
            socket.send(Message::text(r#"42["connected",{"status":"connected"}]"#)).await?;
        } else if text.contains(r#""join_project""#) {
            let kept = text.contains(EventLog::Present.project_id());
            let (project, frames) =
                if kept { (EventLog::Present.project_id(), numbered) } else { (EventLog::Absent.project_id(), plain) };
            let head = if kept { r#","replay":true,"event_id":0,"log":"log_1""# } else { "" };
            let joined = format!(r#"42["joined_project",{{"project_id":"{project}"{head}}}]"#);
            socket.send(Message::text(joined)).await?;
            socket.get_mut().write_all(frames).await?;
            socket.flush().await?;
        } else if text.contains(r#""again""#) {
            socket.get_mut().write_all(plain).await?;
            socket.flush().await?;
        }
    }
    Ok(())
}

/// Encodes all frames in advance, so that encoding is not measured.
fn encode_frames(events: usize, log: EventLog) -> Vec<u8> {
    let mut wire = Vec::new();
    for id in 1..=events {
        let ids = if log == EventLog::Present { format!(r#","event_id":{id}"#) } else { String::new() };
        let data = documented_update(&ids).replace("proj_abc123", log.project_id());
        let text = format!("4{}", socket_io_message("moderation_update", &data));
        let length = u16::try_from(text.len()).expect("a frame of less than 64 KiB");
        // WebSocket header: FIN and TEXT; no mask, and a marker for a length in the next two bytes.
        wire.extend([0x81, 126]);
        wire.extend(length.to_be_bytes());
        wire.extend(text.as_bytes());
    }
    wire
}
