//! Socket.IO protocol version 5, client side. Independent of AutoModerate; no I/O and no clock.
//!
//! [`decode`] borrows from the frame and parses only the header. The caller, which knows the event's type, parses its
//! JSON.

mod attachments;
mod decode;
mod encode;
mod packet;

pub use attachments::{Assembler, AttachmentError, BinaryEvent};
pub use decode::{decode, split_event};
pub use encode::{connect, disconnect, event};
pub use packet::{DecodeError, Kind, MAX_ATTACHMENTS, Packet};
