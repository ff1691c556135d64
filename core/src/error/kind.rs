//! Error codes shared by all languages.

#[cfg(doc)]
use super::Error;

/// Kind of an error. [`Error::code`] returns the kind as a string that is the same in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server refused the credentials, or the credentials provider gave up.
    AuthenticationFailed,
    /// The credentials are valid, but give no access to this project, or no longer do.
    AccessDenied,
    /// The server has no such project.
    ProjectNotFound,
    /// The server allows no more rooms on this connection.
    RoomLimit,
    /// Too many events or connections; [`Error::retry_in`] is the time to wait before a retry.
    RateLimited,
    /// The server did not confirm a join in time.
    JoinTimeout,
    /// No usable connection within the connect timeout.
    ConnectTimeout,
    /// The connection attempt failed; see [`Error::stage`] and [`Error::status`].
    ConnectFailed,
    /// The connection was lost during the operation.
    Disconnected,
    /// The configured number of attempts was used up; [`Error::cause`] is the last failure.
    GaveUp,
    /// The server did not acknowledge an event in time.
    AckTimeout,
    /// An argument or option is invalid; the message names it.
    InvalidArgument,
    /// The server violated the Socket.IO protocol.
    Protocol,
    /// A REST call returned an error status; see [`Error::status`] and [`Error::body`].
    Api,
    /// A stream ended because its reader was too slow and its overflow policy is `close`.
    Overflow,
    /// The client or the stream was closed by the user.
    Closed,
}

impl ErrorKind {
    /// The stable code, such as `"authentication_failed"`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AuthenticationFailed => "authentication_failed",
            Self::AccessDenied => "access_denied",
            Self::ProjectNotFound => "project_not_found",
            Self::RoomLimit => "room_limit",
            Self::RateLimited => "rate_limited",
            Self::JoinTimeout => "join_timeout",
            Self::ConnectTimeout => "connect_timeout",
            Self::ConnectFailed => "connect_failed",
            Self::Disconnected => "disconnected",
            Self::GaveUp => "gave_up",
            Self::AckTimeout => "ack_timeout",
            Self::InvalidArgument => "invalid_argument",
            Self::Protocol => "protocol",
            Self::Api => "api",
            Self::Overflow => "overflow",
            Self::Closed => "closed",
        }
    }

    pub(super) const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::JoinTimeout
                | Self::ConnectTimeout
                | Self::ConnectFailed
                | Self::Disconnected
                | Self::AckTimeout
                | Self::Protocol
                | Self::Overflow
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_that_every_language_knows() {
        use ErrorKind::*;
        let all = [
            AuthenticationFailed,
            AccessDenied,
            ProjectNotFound,
            RoomLimit,
            RateLimited,
            JoinTimeout,
            ConnectTimeout,
            ConnectFailed,
            Disconnected,
            GaveUp,
            AckTimeout,
            InvalidArgument,
            Protocol,
            Api,
            Overflow,
            Closed,
        ];
        assert_eq!(all.len(), Closed as usize + 1, "all of them, and Closed is the last");
        let file = include_str!("../../tests/golden/errors.json");
        let known: serde_json::Map<String, serde_json::Value> = serde_json::from_str(file).unwrap();
        assert_eq!(known.len(), all.len());
        for kind in all {
            assert_eq!(known[kind.code()]["retryable"], kind.retryable(), "{}", kind.code());
        }
    }
}
