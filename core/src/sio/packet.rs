//! Socket.IO packet.

/// Maximum number of binary attachments that a packet may announce.
pub const MAX_ATTACHMENTS: usize = 64;

/// Type of a Socket.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// `0`: connection to a namespace.
    Connect,
    /// `1`: disconnection from a namespace.
    Disconnect,
    /// `2`: event.
    Event,
    /// `3`: acknowledgement of an event.
    Ack,
    /// `4`: refusal of a connection to a namespace.
    ConnectError,
    /// `5`: event with binary attachments.
    BinaryEvent,
    /// `6`: acknowledgement with binary attachments.
    BinaryAck,
}

/// Socket.IO packet. Borrows its text from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Type of the packet.
    pub kind: PacketKind,
    /// Namespace. Defaults to `/`.
    pub namespace: &'a str,
    /// Acknowledgement id, if any.
    pub ack_id: Option<u64>,
    /// Number of binary frames that follow.
    pub attachment_count: usize,
    /// Unparsed JSON text after the header. May be empty.
    pub data: &'a str,
}

/// Reason why a message is not a Socket.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The type digit is missing.
    #[error("an empty message is not a Socket.IO packet")]
    Empty,
    /// The type is not `0` to `6`.
    #[error("unknown Socket.IO packet type {0:?}")]
    UnknownType(char),
    /// A binary packet has no valid attachment count.
    #[error("a binary packet has no attachment count")]
    AttachmentCount,
    /// The packet announces more than [`MAX_ATTACHMENTS`] attachments.
    #[error("a packet announces more than {MAX_ATTACHMENTS} attachments")]
    TooManyAttachments,
    /// The acknowledgement id exceeds 64 bits.
    #[error("an acknowledgement id exceeds 64 bits")]
    AckId,
    /// The data of an event is not a JSON array that starts with a name.
    #[error("the data of an event is not an array that starts with its name")]
    EventName,
}
