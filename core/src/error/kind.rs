//! Kinds of errors, and their codes, which all language bindings share.

#[cfg(doc)]
use super::Error;

/// Kind of an [`Error`]. [`Error::code`] returns the kind as a string that is the same in the SDK for every programming
/// language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server refused the credentials, or the credentials provider returned a permanent error or credentials that
    /// can't be sent.
    AuthenticationFailed,
    /// The credentials are valid, but do not, or no longer, grant access to the project.
    AccessDenied,
    /// The project does not exist on the server.
    ProjectNotFound,
    /// The server does not allow the connection to join any more projects.
    RoomLimit,
    /// There were too many events, connections or requests, or the connection is congested. [`Error::retry_in`] returns
    /// the time to wait before a retry, if known.
    RateLimited,
    /// The server did not confirm a join within the timeout.
    JoinTimeout,
    /// The client did not connect within the timeout.
    ConnectTimeout,
    /// A connection attempt failed, a REST call could not obtain credentials or reach the server, or a REST call other
    /// than a submission received no complete response. See [`Error::stage`] and [`Error::status`].
    ConnectFailed,
    /// There is no connection, the connection was lost during the operation, or a submission received no complete
    /// response.
    Disconnected,
    /// The client has used up the configured number of attempts. [`Error::cause`] returns the last failure.
    GaveUp,
    /// The server did not acknowledge an event within the timeout.
    AckTimeout,
    /// An argument or option is invalid, or a method was called when that is not possible. The message names the cause.
    InvalidArgument,
    /// The server violated the protocol, or its response could not be read.
    Protocol,
    /// A REST call returned an error status other than 401 and 429, or the server refused an item of a batch. See
    /// [`Error::status`] and [`Error::body`].
    Api,
    /// A stream ended because its reader was too slow and its overflow policy is
    /// [`Overflow::Close`](crate::Overflow::Close).
    Overflow,
    /// The client was closed, its runtime was shut down, or a project was left before its join was confirmed.
    Closed,
}

impl ErrorKind {
    /// Returns the stable code, such as `"authentication_failed"`.
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

    pub(super) const fn is_retryable(self) -> bool {
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
    fn codes_match_the_golden_file_of_all_languages() {
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
        assert_eq!(all.len(), Closed as usize + 1, "the list contains all kinds, and Closed is the last");
        let file = include_str!("../../tests/golden/errors.json");
        let known: serde_json::Map<String, serde_json::Value> = serde_json::from_str(file).unwrap();
        assert_eq!(known.len(), all.len());
        for kind in all {
            assert_eq!(known[kind.code()]["retryable"], kind.is_retryable(), "{}", kind.code());
        }
    }
}
