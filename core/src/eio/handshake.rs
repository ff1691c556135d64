//! Data of an Engine.IO `OPEN` packet.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Session parameters from the `OPEN` packet. Every field except `sid` has a default, because some servers omit fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Handshake {
    /// Session id. It is part of every later polling request, and must never be logged.
    pub sid: String,
    /// Transports to which the session may be upgraded.
    #[serde(default)]
    pub upgrades: Vec<String>,
    /// Interval between two pings from the server, in milliseconds.
    #[serde(
        rename = "pingInterval",
        default = "default_ping_interval_millis",
        deserialize_with = "deserialize_u64_from_float"
    )]
    ping_interval_millis: u64,
    /// Time that the server allows for the answer to a ping, in milliseconds.
    #[serde(
        rename = "pingTimeout",
        default = "default_ping_timeout_millis",
        deserialize_with = "deserialize_u64_from_float"
    )]
    ping_timeout_millis: u64,
    /// Maximum size of a packet or polling request that the server accepts, in bytes.
    #[serde(rename = "maxPayload", default = "default_max_payload", deserialize_with = "deserialize_usize_from_float")]
    pub max_payload: usize,
}

/// Deserializes a whole number, which some servers send as a floating-point number.
fn deserialize_u64_from_float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    f64::deserialize(deserializer).map(|number| number as u64)
}

fn deserialize_usize_from_float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    deserialize_u64_from_float(deserializer).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

const fn default_ping_interval_millis() -> u64 {
    25_000
}

const fn default_ping_timeout_millis() -> u64 {
    20_000
}

const fn default_max_payload() -> usize {
    1_000_000
}

/// Maximum value of the ping interval and timeout: one day, in milliseconds. Larger values are reduced to this maximum.
const PING_MILLIS_MAX: u64 = 86_400_000;

impl Handshake {
    /// Parses the data of an `OPEN` packet.
    ///
    /// # Errors
    /// Fails if the text is not a JSON object with a `sid`, or if a field has the wrong type.
    pub fn decode(data: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(data)
    }

    /// Returns the interval between two pings from the server.
    #[must_use]
    pub fn ping_interval(&self) -> Duration {
        Duration::from_millis(self.ping_interval_millis.min(PING_MILLIS_MAX))
    }

    /// Returns how long a ping may be overdue before the server counts as dead.
    #[must_use]
    pub fn ping_timeout(&self) -> Duration {
        Duration::from_millis(self.ping_timeout_millis.min(PING_MILLIS_MAX))
    }

    /// Returns `true` if the server offers an upgrade to WebSocket.
    #[must_use]
    pub fn offers_websocket(&self) -> bool {
        self.upgrades.iter().any(|name| name == "websocket")
    }
}
