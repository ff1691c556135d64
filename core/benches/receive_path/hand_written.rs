//! Baseline: a loop that a developer might write without an SDK, with only the parts that the sender's stream requires.

use std::hint::black_box;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio_tungstenite::{client_async, tungstenite::Message};

use crate::{
    EventLog,
    usage::{Cost, CostMeter},
};

/// The decoded event. Strings are owned, and `meta_data` is kept as text.
#[derive(Deserialize)]
struct ParsedUpdate {
    content_id: String,
    project_id: String,
    status: String,
    content_type: String,
    content_preview: String,
    meta_data: Option<Box<RawValue>>,
    results_count: u64,
    processing_time: f64,
    moderator_type: String,
    moderator_name: String,
    rule_name: Option<String>,
    timestamp: String,
    event_id: Option<u64>,
}

pub(crate) fn read(port: u16, log: EventLog, events: usize) -> Cost {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        let (mut socket, _) = client_async(url, tcp).await.expect("a WebSocket");
        let mut meter = CostMeter::default();
        let mut seen = 0;
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message.expect("a frame") else { continue };
            let answer = match text.as_bytes() {
                [b'0', ..] => "40".to_owned(),
                [b'4', b'0', ..] => format!(r#"42["join_project",{{"project_id":"{}"}}]"#, log.project_id()),
                [b'2'] => "3".to_owned(),
                _ => {
                    let data = text.strip_prefix(r#"42["moderation_update","#).and_then(|rest| rest.strip_suffix(']'));
                    let Some(data) = data else { continue };
                    meter.start();
                    read_fields(&serde_json::from_str(data).expect("an update"));
                    seen += 1;
                    if seen == events {
                        break;
                    }
                    continue;
                }
            };
            socket.send(Message::text(answer)).await.expect("sent");
        }
        assert_eq!(seen, events, "number of events received");
        meter.stop(events)
    })
}

fn read_fields(update: &ParsedUpdate) {
    let texts = [
        &update.content_id,
        &update.project_id,
        &update.status,
        &update.content_type,
        &update.content_preview,
        &update.moderator_type,
        &update.moderator_name,
        &update.timestamp,
    ];
    black_box(texts.iter().map(|text| text.len()).sum::<usize>());
    black_box(update.rule_name.as_ref().map(String::len));
    black_box(update.meta_data.as_ref().map(|raw| raw.get().len()));
    black_box((update.results_count, update.processing_time, update.event_id));
}
