//! Engine.IO packet and its text form, which is a type digit followed by the data.

/// Engine.IO packet. Borrows its data from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: handshake, as JSON.
    Open(&'a str),
    /// `1`: end of the session.
    Close,
    /// `2`: request for a [`Pong`](Self::Pong). In an upgrade, the data is `probe`.
    Ping(&'a str),
    /// `3`: answer to a ping, with the same data.
    Pong(&'a str),
    /// `4`: Socket.IO packet.
    Message(&'a str),
    /// `5`: completion of an upgrade.
    Upgrade,
    /// `6`: packet without content, which ends a pending poll during an upgrade.
    Noop,
}

/// Reason why a text frame is not an Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame is empty.
    #[error("an empty frame is not an Engine.IO packet")]
    Empty,
    /// The first character is not a digit from `0` to `6`.
    #[error("unknown Engine.IO packet type {0:?}")]
    UnknownType(char),
}

impl<'a> Packet<'a> {
    /// Parses a packet from the text of a frame. Ignores any text after the digit of a type that has no data.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the frame is empty or its type is unknown.
    pub fn decode(frame: &'a str) -> Result<Self, DecodeError> {
        let mut chars = frame.chars();
        let kind = chars.next().ok_or(DecodeError::Empty)?;
        let data = chars.as_str();
        Ok(match kind {
            '0' => Self::Open(data),
            '1' => Self::Close,
            '2' => Self::Ping(data),
            '3' => Self::Pong(data),
            '4' => Self::Message(data),
            '5' => Self::Upgrade,
            '6' => Self::Noop,
            other => return Err(DecodeError::UnknownType(other)),
        })
    }

    /// Returns the text form of the packet.
    #[must_use]
    pub fn encode(&self) -> String {
        let (kind, data) = match *self {
            Self::Open(data) => ('0', data),
            Self::Close => ('1', ""),
            Self::Ping(data) => ('2', data),
            Self::Pong(data) => ('3', data),
            Self::Message(data) => ('4', data),
            Self::Upgrade => ('5', ""),
            Self::Noop => ('6', ""),
        };
        let mut text = String::with_capacity(1 + data.len());
        text.push(kind);
        text.push_str(data);
        text
    }
}
