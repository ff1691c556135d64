//! One Socket.IO packet.

/// The most binary attachments that one packet may announce.
pub const MAX_ATTACHMENTS: usize = 64;

/// The type of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `0`: the namespace is open.
    Connect,
    /// `1`: the server ends the namespace session.
    Disconnect,
    /// `2`: an event.
    Event,
    /// `3`: the acknowledgement of an event.
    Ack,
    /// `4`: the namespace was refused.
    ConnectError,
    /// `5`: an event with binary attachments.
    BinaryEvent,
    /// `6`: an acknowledgement with binary attachments.
    BinaryAck,
}

/// A packet that borrows everything from the frame it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The type.
    pub kind: Kind,
    /// The namespace, `/` unless the packet names another.
    pub namespace: &'a str,
    /// The acknowledgement id.
    pub id: Option<u64>,
    /// How many binary frames follow.
    pub attachments: usize,
    /// The JSON text behind the header, not looked at. May be empty.
    pub data: &'a str,
}

/// Why a text is no Socket.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no type digit.
    #[error("an empty message is no Socket.IO packet")]
    Empty,
    /// The type is none of `0` to `6`.
    #[error("unknown Socket.IO packet type {0:?}")]
    UnknownType(char),
    /// A binary packet does not say how many attachments it has.
    #[error("a binary packet without a count of attachments")]
    AttachmentCount,
    /// More than [`MAX_ATTACHMENTS`].
    #[error("more than {MAX_ATTACHMENTS} attachments")]
    TooManyAttachments,
    /// The acknowledgement id is longer than a 64-bit number.
    #[error("an acknowledgement id that is no 64-bit number")]
    AckId,
    /// The data of an event is no JSON array that starts with a name.
    #[error("the data of an event is no array that starts with its name")]
    EventName,
}
