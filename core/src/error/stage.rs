//! Stages of connection attempts and REST calls.

/// Stage at which a connection attempt or a REST call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Request to the credentials provider, or login.
    Credentials,
    /// Name resolution and TCP connection, through a proxy if there is one. Also reported if the connect timeout
    /// expires in any other stage before [`EngineIo`](Self::EngineIo).
    Network,
    /// TLS handshake.
    Tls,
    /// HTTP request. Also reported if the time limit of a REST call expires in any stage.
    Http,
    /// Receipt of the Engine.IO `OPEN` packet.
    EngineIo,
    /// Acknowledgement of the Socket.IO namespace.
    Namespace,
}

impl Stage {
    /// Returns the stage as a word, such as `"network"`.
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
