//! One Engine.IO packet and its text form: a type digit, then the data.

/// A packet that borrows its data from the frame it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the handshake, as JSON.
    Open(&'a str),
    /// `1`: the sender is leaving.
    Close,
    /// `2`: the server asks whether the client lives (`2probe` in an upgrade).
    Ping(&'a str),
    /// `3`: the answer to a ping, with the same data.
    Pong(&'a str),
    /// `4`: a Socket.IO packet.
    Message(&'a str),
    /// `5`: the upgrade is complete.
    Upgrade,
    /// `6`: nothing; ends a poll during an upgrade.
    Noop,
}

/// Why a text frame is no Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame has no characters.
    #[error("an empty frame is no Engine.IO packet")]
    Empty,
    /// The first character is none of `0` to `6`.
    #[error("unknown Engine.IO packet type {0:?}")]
    UnknownType(char),
}

impl<'a> Packet<'a> {
    /// Reads a packet from the text of a frame. Data that a type does not carry is ignored.
    ///
    /// # Errors
    /// [`DecodeError`] if the frame is empty or its type is unknown.
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

    /// The text of the packet.
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
