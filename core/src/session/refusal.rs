//! Interpretation of a server's refusals. Some servers send codes. For other servers, the text of the message
//! determines the reason.

use std::time::Duration;

use super::endpoint_auth::{CredentialChoice, RefusalEvidence};
use crate::{Error, ErrorKind, Stage, events::ServerRefusal};

fn append_server_message(what: &str, refusal: &ServerRefusal) -> String {
    if refusal.message.is_empty() { what.to_owned() } else { format!("{what}: {}", refusal.message) }
}

/// Returns the pause that the server requested before a retry, or one minute if it requested none. All documented
/// limits have a period of one minute.
fn rate_limit_retry_delay(refusal: &ServerRefusal) -> Duration {
    refusal.retry_after.map_or(Duration::from_secs(60), |s| Duration::from_secs_f64(s.min(86_400.0)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefusalReason {
    /// A refusal with this error kind, which is permanent or lasts until a limit allows another attempt.
    Kind(ErrorKind),
    /// The server failed. A retry may help.
    ServerFailure,
    /// The namespace does not exist at this address.
    NoNamespace,
}

use RefusalReason::{Kind, NoNamespace, ServerFailure};

/// Messages that known servers send. Each entry contains the beginning and the end of a message, both in lower case,
/// and the reason that the message gives.
type KnownMessages = [(&'static str, &'static str, RefusalReason)];

/// Returns the error kind for the refusal's code, or `None` if there is no code or the code corresponds to no error
/// kind.
fn kind_from_code(refusal: &ServerRefusal) -> Option<ErrorKind> {
    Some(match refusal.code.as_deref()?.to_ascii_lowercase().as_str() {
        "authentication_failed" | "token_expired" | "unauthorized" => ErrorKind::AuthenticationFailed,
        "access_denied" | "forbidden" => ErrorKind::AccessDenied,
        "project_not_found" | "not_found" => ErrorKind::ProjectNotFound,
        "room_limit" => ErrorKind::RoomLimit,
        "rate_limited" => ErrorKind::RateLimited,
        "invalid_argument" => ErrorKind::InvalidArgument,
        _ => return None,
    })
}

/// Messages that refuse a join.
const JOIN_REFUSALS: &KnownMessages = &[
    ("authentication required", "authentication required", Kind(ErrorKind::AuthenticationFailed)),
    ("project id required", "", Kind(ErrorKind::InvalidArgument)),
    ("invalid project id", "", Kind(ErrorKind::InvalidArgument)),
    ("project ", " not found", Kind(ErrorKind::ProjectNotFound)),
    ("access denied", "", Kind(ErrorKind::AccessDenied)),
    ("room limit", "", Kind(ErrorKind::RoomLimit)),
    ("rate limit", "", Kind(ErrorKind::RateLimited)),
    ("too many events", "", Kind(ErrorKind::RateLimited)),
    ("server timeout", "", ServerFailure),
    ("server error", "", ServerFailure),
    ("internal server error", "", ServerFailure),
];

/// Messages that refuse a connection.
const CONNECT_REFUSALS: &KnownMessages = &[
    ("authentication failed", "", Kind(ErrorKind::AuthenticationFailed)),
    ("authentication required", "", Kind(ErrorKind::AuthenticationFailed)),
    ("invalid api key", "", Kind(ErrorKind::AuthenticationFailed)),
    ("unauthorized", "", Kind(ErrorKind::AuthenticationFailed)),
    ("access denied", "", Kind(ErrorKind::AccessDenied)),
    ("rate limit", "", Kind(ErrorKind::RateLimited)),
    ("too many connections", "", Kind(ErrorKind::RateLimited)),
    ("too many requests", "", Kind(ErrorKind::RateLimited)),
    ("too many events", "", Kind(ErrorKind::RateLimited)),
    ("server is shutting down", "", ServerFailure),
    ("server timeout", "", ServerFailure),
    ("server error", "", ServerFailure),
    ("internal server error", "", ServerFailure),
    ("invalid namespace", "", NoNamespace),
];

/// Returns the reason for a refusal according to its code or, if the code determines no reason, according to its
/// message. Returns `None` if the message is not known either.
fn classify(refusal: &ServerRefusal, known_messages: &KnownMessages) -> Option<RefusalReason> {
    if let Some(kind) = kind_from_code(refusal) {
        return Some(Kind(kind));
    }
    let text = refusal.message.trim().to_ascii_lowercase();
    let known = known_messages.iter().find(|(start, end, _)| text.starts_with(start) && text.ends_with(end));
    known.map(|(_, _, reason)| *reason)
}

/// Returns `true` if the refusal is known to concern a join. Any other `error` event may concern a different request.
pub(crate) fn is_join_refusal(refusal: &ServerRefusal) -> bool {
    classify(refusal, JOIN_REFUSALS).is_some()
}

/// Returns the error of a failed join and the shortest pause before a retry. The pause is `None` if a retry cannot
/// help. After an unknown message or a server failure, a retry may help. `is_access_denial` is true if the event was
/// `project_access_denied`.
pub(crate) fn join_error(refusal: &ServerRefusal, is_access_denial: bool) -> (Error, Option<Duration>) {
    // Documented servers send `project_access_denied` only if the client lacks access. Unless a code states another
    // reason, the reason is therefore a lack of access, whatever the message says.
    let reason = match (is_access_denial, kind_from_code(refusal)) {
        (true, kind) => Kind(kind.unwrap_or(ErrorKind::AccessDenied)),
        (false, _) => classify(refusal, JOIN_REFUSALS).unwrap_or(ServerFailure),
    };
    let (kind, what) = match reason {
        ServerFailure | NoNamespace => (ErrorKind::JoinTimeout, "the server could not complete the join"),
        Kind(kind) => (
            kind,
            match kind {
                ErrorKind::AuthenticationFailed => "the server does not accept the credentials",
                ErrorKind::ProjectNotFound => "the server has no such project",
                ErrorKind::RoomLimit => "the server allows no more projects on this connection",
                ErrorKind::RateLimited => "too many events were sent",
                ErrorKind::InvalidArgument => "the server rejects this project id",
                _ => "access to the project was denied",
            },
        ),
    };
    let error = Error::new(kind, append_server_message(what, refusal));
    match reason {
        ServerFailure | NoNamespace => (error, Some(Duration::ZERO)),
        Kind(ErrorKind::RateLimited) => {
            (error.with_retry_in(rate_limit_retry_delay(refusal)), Some(rate_limit_retry_delay(refusal)))
        }
        Kind(_) => (error, None),
    }
}

#[derive(Debug)]
pub(crate) struct JoinFailure {
    /// Error that ends the project's streams and joins if the join is not retried.
    pub(crate) error: Error,
    /// Shortest pause before a retry; `None` if a retry cannot help.
    pub(crate) retry_pause: Option<Duration>,
    /// Message about the failure, usually from the server.
    pub(crate) message: String,
}

impl JoinFailure {
    /// Creates the failure of a join that the server did not answer or answered ambiguously.
    pub(crate) fn unanswered(message: String) -> Self {
        let refusal = ServerRefusal { message, ..ServerRefusal::default() };
        let error = Error::new(
            ErrorKind::JoinTimeout,
            append_server_message("the server could not complete the join", &refusal),
        );
        Self { error, retry_pause: Some(Duration::ZERO), message: refusal.message }
    }
}

/// Interpretation of a packet or event that refuses a connection.
pub(crate) enum ConnectRefusal {
    /// The server refused the credentials, or gave no reason that is known to concern anything else.
    Credentials(Error, RefusalEvidence),
    /// The connection was refused for another reason: for example, the server limits connections or has failed.
    Other(Error),
}

/// Interprets the refusal of a connection. `default_evidence` applies if the refusal contains no known reason.
pub(crate) fn classify_connect_refusal(refusal: &ServerRefusal, default_evidence: RefusalEvidence) -> ConnectRefusal {
    let refused =
        |kind, what: &str| Error::new(kind, append_server_message(what, refusal)).with_stage(Stage::Namespace);
    let credentials = || refused(ErrorKind::AuthenticationFailed, "the server refused the connection");
    match classify(refusal, CONNECT_REFUSALS) {
        Some(Kind(ErrorKind::RateLimited)) => ConnectRefusal::Other(
            refused(ErrorKind::RateLimited, "the server limits connections")
                .with_retry_in(rate_limit_retry_delay(refusal)),
        ),
        Some(ServerFailure) => {
            ConnectRefusal::Other(refused(ErrorKind::ConnectFailed, "the server could not accept the connection"))
        }
        Some(NoNamespace) => ConnectRefusal::Other(
            refused(ErrorKind::ConnectFailed, "the server has no such namespace").with_retryable(false),
        ),
        Some(Kind(ErrorKind::AuthenticationFailed | ErrorKind::AccessDenied)) => {
            ConnectRefusal::Credentials(credentials(), RefusalEvidence::Stated)
        }
        Some(Kind(_)) | None => ConnectRefusal::Credentials(credentials(), default_evidence),
    }
}

/// Returns the error of a client whose API key was refused and whose web session or login was refused too. `last`
/// specifies the credentials to which `error` refers.
pub(crate) fn both_credentials_refused_error(last: CredentialChoice, earlier: &Error, error: Error) -> Error {
    let (session, key) = match last {
        CredentialChoice::Primary => (&error, earlier),
        CredentialChoice::SpareKey => (earlier, &error),
    };
    let (session, key) = (session.message(), key.message());
    let text = format!("the server refused both the web session and the API key (session: {session}; key: {key})");
    let both = Error::new(ErrorKind::AuthenticationFailed, text).with_stage(error.stage().unwrap_or(Stage::Namespace));
    both.with_retryable(false).with_cause(error)
}

/// Returns `true` if the refusal can only concern the credentials.
pub(crate) fn is_about_credentials(refusal: &ServerRefusal) -> bool {
    classify(refusal, CONNECT_REFUSALS) == Some(Kind(ErrorKind::AuthenticationFailed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_messages_have_the_right_error_codes() {
        for (message, code) in [
            ("Authentication required", "authentication_failed"),
            ("Project ID required", "invalid_argument"),
            ("Invalid project ID format", "invalid_argument"),
            ("Project 665d74fa-2629-466a-837a-084024fe1be0 not found", "project_not_found"),
            ("Access denied - you are not a member of this project", "access_denied"),
            ("Access denied to project", "access_denied"),
            ("Server timeout - please try again", "join_timeout"),
            ("Server error occurred", "join_timeout"),
            ("Room limit reached", "room_limit"),
            ("Rate limit exceeded", "rate_limited"),
            ("No.", "join_timeout"),
            ("Internal server error: session rolled back", "join_timeout"),
            ("token bucket exhausted", "join_timeout"),
        ] {
            let refusal = ServerRefusal { message: message.into(), ..ServerRefusal::default() };
            assert_eq!(join_error(&refusal, false).0.code(), code, "{message}");
        }
    }

    #[test]
    fn only_known_messages_refuse_a_connection_with_certainty() {
        for (message, code, said) in [
            ("Authentication failed: invalid API key", "authentication_failed", true),
            ("Authentication required", "authentication_failed", true),
            ("Too many connections from this address (at most 10), retry_after: 60", "rate_limited", false),
            ("Server is shutting down", "connect_failed", false),
            ("Internal server error: session rolled back", "connect_failed", false),
            ("Invalid namespace", "connect_failed", false),
            ("Unable to connect", "authentication_failed", false),
            ("token bucket exhausted", "authentication_failed", false),
            ("the session store is away for maintenance", "authentication_failed", false),
            ("", "authentication_failed", false),
        ] {
            let refusal = ServerRefusal { message: message.into(), ..ServerRefusal::default() };
            let (error, evidence) = match classify_connect_refusal(&refusal, RefusalEvidence::Ambiguous) {
                ConnectRefusal::Credentials(error, evidence) => (error, evidence),
                ConnectRefusal::Other(error) => (error, RefusalEvidence::Ambiguous),
            };
            assert_eq!((error.code(), evidence == RefusalEvidence::Stated), (code, said), "{message}");
        }
    }
}
