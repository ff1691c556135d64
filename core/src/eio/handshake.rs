//! The data of the `OPEN` packet.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// What a server tells when an Engine.IO session opens. Everything but `sid` has a default, because servers differ.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Handshake {
    /// The session id: part of every later request of the polling transport. Never logged.
    pub sid: String,
    /// Transports the session may be upgraded to.
    #[serde(default)]
    pub upgrades: Vec<String>,
    /// Milliseconds between two pings of the server.
    #[serde(rename = "pingInterval", default = "default_interval", deserialize_with = "whole")]
    ping_interval: u64,
    /// Milliseconds that the answer to a ping may take.
    #[serde(rename = "pingTimeout", default = "default_timeout", deserialize_with = "whole")]
    ping_timeout: u64,
    /// The most bytes the server takes in one polling request.
    #[serde(rename = "maxPayload", default = "default_payload", deserialize_with = "size")]
    pub max_payload: usize,
}

/// Some servers calculate with floats.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    f64::deserialize(deserializer).map(|number| number as u64)
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    whole(deserializer).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

const fn default_interval() -> u64 {
    25_000
}

const fn default_timeout() -> u64 {
    20_000
}

const fn default_payload() -> usize {
    1_000_000
}

/// A day: a server that promises to ping more rarely than that promises nothing.
const LONGEST: u64 = 86_400_000;

impl Handshake {
    /// Reads the data of an `OPEN` packet.
    ///
    /// # Errors
    /// If the text is no JSON object with a `sid`.
    pub fn decode(data: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(data)
    }

    /// The pause between two pings of the server.
    #[must_use]
    pub fn ping_interval(&self) -> Duration {
        Duration::from_millis(self.ping_interval.min(LONGEST))
    }

    /// How late a ping may be before the server counts as dead.
    #[must_use]
    pub fn ping_timeout(&self) -> Duration {
        Duration::from_millis(self.ping_timeout.min(LONGEST))
    }

    /// Whether the server offers the upgrade to WebSocket.
    #[must_use]
    pub fn offers_websocket(&self) -> bool {
        self.upgrades.iter().any(|name| name == "websocket")
    }
}
