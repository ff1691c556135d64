//! Mapping from connection failures to the user's errors.

use crate::{Error, ErrorKind, Stage};

/// Reason why a connection ended or could not be made.
#[derive(Debug, Clone)]
pub(crate) enum ConnectionFailure {
    /// Dialling failed with this error.
    Dial(Error),
    /// The server or the provider refused the credentials before the socket was open.
    Credentials(Error),
    /// Like `Credentials`, and there are no others: the provider has given up, or the login form rejected them.
    CredentialsExhausted(Error),
    /// There is no login form. Other credentials can be tried.
    NoLogin(Error),
    /// The transport failed.
    Io(String),
    /// The peer closed the transport.
    PeerClosed(String),
    /// The server does not know the Engine.IO session: it has forgotten it, or another process of it has opened it.
    SessionUnknown(String),
    /// An Engine.IO CLOSE packet.
    EngineClosed,
    /// A Socket.IO DISCONNECT packet on a good connection.
    ServerDisconnected,
    /// The namespace was refused for a reason other than the credentials.
    NamespaceRefused(Error),
    /// No packet arrived for too long.
    Silent,
    /// Packets arrive, but no answers to requests.
    Unresponsive,
    /// The server violated the protocol irrecoverably.
    Protocol(String),
    /// The connect timeout expired at this stage.
    Timeout(Stage),
}

impl ConnectionFailure {
    /// Converts the failure to the user's error.
    pub(crate) fn into_error(self) -> Error {
        let disconnected = |text: &str| Error::new(ErrorKind::Disconnected, text);
        match self {
            Self::Dial(error)
            | Self::Credentials(error)
            | Self::CredentialsExhausted(error)
            | Self::NoLogin(error)
            | Self::NamespaceRefused(error) => error,
            Self::Io(text) => Error::new(ErrorKind::Disconnected, format!("the connection failed: {text}")),
            Self::PeerClosed(text) | Self::SessionUnknown(text) => Error::new(ErrorKind::Disconnected, text),
            Self::EngineClosed => disconnected("the server closed the Engine.IO session"),
            Self::ServerDisconnected => disconnected("the server ended the connection"),
            Self::Silent => disconnected("the server went silent"),
            Self::Unresponsive => disconnected("the server has stopped answering"),
            Self::Protocol(text) => Error::new(ErrorKind::Protocol, text),
            Self::Timeout(stage) => Error::new(
                ErrorKind::ConnectTimeout,
                format!("no connection within the connect timeout (stage {})", stage.as_str()),
            )
            .with_stage(stage),
        }
    }
}
