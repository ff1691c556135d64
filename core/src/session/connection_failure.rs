//! Connection failures, and the errors that users see for them.

use crate::{Error, ErrorKind, Stage};

/// Reason why a connection ended or could not be established.
#[derive(Debug, Clone)]
pub(crate) enum ConnectionFailure {
    /// Dialling failed with this error.
    Dial(Error),
    /// The server refused the credentials before the socket was open, or they contain characters that can't be sent.
    Credentials(Error),
    /// Like `Credentials`, but the source has no other credentials: the provider has given up, or the login form
    /// rejected the configured password.
    CredentialsExhausted(Error),
    /// The server has no login form, but other configured credentials can be tried. If there are none, the driver
    /// reports `Dial` instead.
    NoLoginForm(Error),
    /// The transport failed.
    Io(String),
    /// The peer closed the transport.
    PeerClosed(String),
    /// The server does not know the Engine.IO session: either the server has forgotten the session, or another node
    /// opened it.
    SessionUnknown(String),
    /// The server sent an Engine.IO CLOSE packet.
    EngineClosed,
    /// The server sent a Socket.IO DISCONNECT packet on a connection that it had accepted.
    ServerDisconnected,
    /// The server refused the namespace for a reason other than the credentials.
    NamespaceRefused(Error),
    /// No packet, or no reply to a probe, has arrived in time.
    Silent,
    /// Packets may still arrive, but requests are not answered.
    Unresponsive,
    /// The server violated the protocol in a way that cannot be ignored.
    Protocol(String),
    /// The connect timeout expired during this stage.
    Timeout(Stage),
}

impl ConnectionFailure {
    /// Converts the failure to the error that the user sees.
    pub(crate) fn into_error(self) -> Error {
        let disconnected = |text: &str| Error::new(ErrorKind::Disconnected, text);
        match self {
            Self::Dial(error)
            | Self::Credentials(error)
            | Self::CredentialsExhausted(error)
            | Self::NoLoginForm(error)
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
