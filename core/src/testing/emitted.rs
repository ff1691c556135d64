//! What a client has sent, as a server reads it.

use serde_json::Value;

use crate::sio::{self, Kind};

/// An event that the client has sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Emitted {
    /// Its name.
    pub name: String,
    /// Its first argument; `null` if it has none.
    pub data: Value,
    /// The id under which an acknowledgement is expected.
    pub ack: Option<u64>,
}

impl Emitted {
    /// Reads a frame; `None` if it is no event.
    #[must_use]
    pub fn read(frame: &str) -> Option<Self> {
        let packet = sio::decode(frame.strip_prefix('4')?).ok().filter(|packet| packet.kind == Kind::Event)?;
        let (name, arguments) = sio::split_event(packet.data).ok()?;
        let arguments: Vec<Value> = serde_json::from_str(&format!("[{arguments}]")).ok()?;
        let data = arguments.into_iter().next().unwrap_or_default();
        Some(Self { name: name.into_owned(), data, ack: packet.id })
    }
}
