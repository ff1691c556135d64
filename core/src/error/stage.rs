//! How far an attempt to connect had come.

/// How far an attempt to connect had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Asking the credentials provider, or logging in.
    Credentials,
    /// Resolving the name and opening the TCP connection, through a proxy if there is one.
    Network,
    /// The TLS handshake.
    Tls,
    /// The HTTP request that opens the transport.
    Http,
    /// The Engine.IO `OPEN` packet.
    EngineIo,
    /// The Socket.IO namespace acknowledgement.
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
