//! Stages of a connection attempt.

/// Stage at which a connection attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Credentials provider or login.
    Credentials,
    /// Name resolution and TCP connection, through a proxy if there is one.
    Network,
    /// TLS handshake.
    Tls,
    /// HTTP request that opens the transport.
    Http,
    /// Engine.IO `OPEN` packet.
    EngineIo,
    /// Socket.IO namespace acknowledgement.
    Namespace,
}

impl Stage {
    /// The stage as a word, such as `"network"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::EngineIo => "engine_io",
            Self::Namespace => "namespace",
        }
    }
}
