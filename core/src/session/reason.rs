//! The one mapping from what went wrong to the user's error.

use crate::{Error, ErrorKind, Stage};

/// Why a connection ended or could not be made.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Dialling failed; the error says how.
    Dial(Error),
    /// The server or the provider refused the credentials before there was a socket.
    Credentials(Error),
    /// The same, and there are no others: the provider has given up, or the login form does not know these.
    CredentialsExhausted(Error),
    /// There is no login form. There are other credentials to try.
    NoLogin(Error),
    /// The transport failed.
    Io(String),
    /// The peer closed the transport.
    PeerClosed(String),
    /// An Engine.IO CLOSE packet.
    EngineClosed,
    /// A Socket.IO DISCONNECT packet on a good connection.
    ServerDisconnected,
    /// The namespace was refused for a reason other than the credentials.
    NamespaceRefused(Error),
    /// Nothing was heard for too long.
    Silent,
    /// The server is heard, but does not answer.
    Unresponsive,
    /// The server broke the protocol beyond repair.
    Protocol(String),
    /// The connect timeout passed at this stage.
    Timeout(Stage),
}

impl Fault {
    /// The error for the user.
    pub(crate) fn into_error(self) -> Error {
        let disconnected = |text: &str| Error::new(ErrorKind::Disconnected, text);
        match self {
            Self::Dial(error)
            | Self::Credentials(error)
            | Self::CredentialsExhausted(error)
            | Self::NoLogin(error)
            | Self::NamespaceRefused(error) => error,
            Self::Io(text) => Error::new(ErrorKind::Disconnected, format!("the connection broke: {text}")),
            Self::PeerClosed(text) => Error::new(ErrorKind::Disconnected, text),
            Self::EngineClosed => disconnected("the server closed the Engine.IO session"),
            Self::ServerDisconnected => disconnected("the server ended the connection"),
            Self::Silent => disconnected("the server went silent"),
            Self::Unresponsive => disconnected("the server does not answer any more"),
            Self::Protocol(text) => Error::new(ErrorKind::Protocol, text),
            Self::Timeout(stage) => Error::new(
                ErrorKind::ConnectTimeout,
                format!("no connection within the connect timeout (stage {})", stage.as_str()),
            )
            .with_stage(stage),
        }
    }
}
