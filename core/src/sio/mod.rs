//! Socket.IO protocol version 5, as a client needs it. Knows nothing of AutoModerate; no I/O and no clock.
//!
//! [`decode`] borrows from the frame's text and scans no further than it must: the JSON of an event is left for whoever
//! knows its type.

mod attachments;
mod decode;
mod encode;
mod packet;

pub use attachments::{Assembler, AttachmentError, BinaryEvent};
pub use decode::{decode, split_event};
pub use encode::{connect, disconnect, event};
pub use packet::{DecodeError, Kind, MAX_ATTACHMENTS, Packet};
