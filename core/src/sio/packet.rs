//! Socket.IO packet.

/// Largest number of binary attachments that a packet may announce.
pub const MAX_ATTACHMENTS: usize = 64;

/// Type of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `0`: the namespace is open.
    Connect,
    /// `1`: the server ends the namespace session.
    Disconnect,
    /// `2`: event.
    Event,
    /// `3`: acknowledgement of an event.
    Ack,
    /// `4`: the namespace was refused.
    ConnectError,
    /// `5`: event with binary attachments.
    BinaryEvent,
    /// `6`: acknowledgement with binary attachments.
    BinaryAck,
}

/// Packet that borrows from its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Type.
    pub kind: Kind,
    /// Namespace; `/` unless the packet names another.
    pub namespace: &'a str,
    /// Acknowledgement id.
    pub id: Option<u64>,
    /// Number of binary frames that follow.
    pub attachments: usize,
    /// JSON text after the header, not parsed. May be empty.
    pub data: &'a str,
}

/// Reason why a text is not a Socket.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The type digit is missing.
    #[error("an empty message is not a Socket.IO packet")]
    Empty,
    /// The type is not `0` to `6`.
    #[error("unknown Socket.IO packet type {0:?}")]
    UnknownType(char),
    /// A binary packet has no attachment count.
    #[error("a binary packet has no attachment count")]
    AttachmentCount,
    /// The packet announces more than [`MAX_ATTACHMENTS`].
    #[error("a packet announces more than {MAX_ATTACHMENTS} attachments")]
    TooManyAttachments,
    /// The acknowledgement id exceeds 64 bits.
    #[error("an acknowledgement id exceeds 64 bits")]
    AckId,
    /// The data of an event is not a JSON array that starts with a name.
    #[error("the data of an event is not an array that starts with its name")]
    EventName,
}
