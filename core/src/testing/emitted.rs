//! Events emitted by a client, as a server parses them.

use serde_json::Value;

use crate::sio::{self, PacketKind};

/// Event emitted by the client.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Emitted {
    /// Name of the event.
    pub name: String,
    /// First argument of the event; `null` if the event has no arguments.
    pub data: Value,
    /// Id of the acknowledgement that the client expects, if any.
    pub ack: Option<u64>,
}

impl Emitted {
    /// Parses a frame. Returns `None` if the frame is not an event.
    #[must_use]
    pub fn read(frame: &str) -> Option<Self> {
        let packet = sio::decode(frame.strip_prefix('4')?).ok().filter(|packet| packet.kind == PacketKind::Event)?;
        let (name, arguments) = sio::split_event(packet.data).ok()?;
        let arguments: Vec<Value> = serde_json::from_str(&format!("[{arguments}]")).ok()?;
        let data = arguments.into_iter().next().unwrap_or_default();
        Some(Self { name: name.into_owned(), data, ack: packet.ack_id })
    }
}
