//! Engine.IO protocol, revision 4: packets, polling payloads and the handshake. This module performs no I/O and reads
//! no clock.

mod handshake;
mod packet;
mod payload;

pub use handshake::Handshake;
pub use packet::{DecodeError, Packet};
pub use payload::{MAX_PACKETS_PER_POST, PayloadRecord, RECORD_SEPARATOR, decode_payload, encode_payload};
