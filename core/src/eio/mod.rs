//! Engine.IO version 4: packets, polling payloads and the handshake. No I/O and no clock.
//!
//! Follows the Engine.IO protocol document, revision 4.

mod handshake;
mod packet;
mod payload;

pub use handshake::Handshake;
pub use packet::{DecodeError, Packet};
pub use payload::{MAX_PACKETS_PER_POST, Record, SEPARATOR, decode_payload, encode_payload};
