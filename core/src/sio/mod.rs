//! Client side of the Socket.IO protocol, version 5. Performs no I/O and reads no clock.
//!
//! [`decode`] parses only the header of a packet and borrows the rest from the frame. The caller, which knows the type
//! of the event, parses the JSON.

mod attachments;
mod decode;
mod encode;
mod packet;

pub use attachments::{AttachmentAssembler, AttachmentError, BinaryPacket};
pub use decode::{decode, split_event};
pub use encode::{connect, disconnect, event};
pub use packet::{DecodeError, MAX_ATTACHMENTS, Packet, PacketKind};
