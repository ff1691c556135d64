//! What a server means when it says no. Only some servers send codes; for the others the words decide.

use std::time::Duration;

use super::auth::Certainty;
use crate::{Error, ErrorKind, Stage, events::Notice};

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn told(what: &str, notice: &Notice) -> String {
    if notice.message.is_empty() { what.to_owned() } else { format!("{what}: {}", notice.message) }
}

/// A minute, the window of all documented limits, where the server names no time.
fn retry_after(notice: &Notice) -> Duration {
    notice.retry_after.map_or(Duration::from_secs(60), |s| Duration::from_secs_f64(s.min(86_400.0)))
}

/// The kind of refusal that a code or a message of the server stands for.
fn kind_of(notice: &Notice) -> Option<ErrorKind> {
    let code = notice.code.as_deref().unwrap_or("").to_ascii_lowercase();
    match code.as_str() {
        "authentication_failed" | "unauthorized" => return Some(ErrorKind::AuthenticationFailed),
        "access_denied" | "forbidden" => return Some(ErrorKind::AccessDenied),
        "project_not_found" | "not_found" => return Some(ErrorKind::ProjectNotFound),
        "room_limit" => return Some(ErrorKind::RoomLimit),
        "rate_limited" => return Some(ErrorKind::RateLimited),
        "invalid_argument" => return Some(ErrorKind::InvalidArgument),
        _ => {}
    }
    let text = notice.message.to_ascii_lowercase();
    Some(if says(&text, &["rate limit", "too many connection", "too many request", "too many event", "rate-limit"]) {
        ErrorKind::RateLimited
    } else if says(&text, &["room"]) && says(&text, &["limit", "too many", "maximum"]) {
        ErrorKind::RoomLimit
    } else if says(&text, &["access denied", "not a member", "permission", "forbidden"]) {
        ErrorKind::AccessDenied
    } else if says(&text, &["not found", "does not exist", "no such project"]) {
        ErrorKind::ProjectNotFound
    } else if says(&text, &["invalid project id", "project id required"]) {
        ErrorKind::InvalidArgument
    } else if says(
        &text,
        &[
            "authenticat",
            "unauthori",
            "api key",
            "api_key",
            "apikey",
            "credential",
            "token",
            "log in",
            "login",
            "session",
        ],
    ) {
        ErrorKind::AuthenticationFailed
    } else if says(
        &text,
        &[
            "timeout",
            "timed out",
            "server error",
            "internal error",
            "try again",
            "unavailable",
            "overload",
            "shutting down",
            "restart",
            "maintenance",
        ],
    ) {
        ErrorKind::JoinTimeout
    } else {
        return None;
    })
}

/// What a failed join means; `denied` if the event was `project_access_denied`. `JoinTimeout` stands for failures of the server itself, which are worth another try.
pub(crate) fn join_error(notice: &Notice, denied: bool) -> Error {
    // The documented backend refuses for one reason only, in words of its own: without better knowledge, access.
    let known = if denied && notice.code.is_none() { None } else { kind_of(notice) };
    let kind = known.unwrap_or(ErrorKind::AccessDenied);
    let what = match kind {
        ErrorKind::AuthenticationFailed => "the server does not accept the credentials",
        ErrorKind::ProjectNotFound => "there is no such project",
        ErrorKind::RoomLimit => "the server allows no further projects on this connection",
        ErrorKind::RateLimited => "too many events were sent",
        ErrorKind::InvalidArgument => "the server does not take this project id",
        ErrorKind::JoinTimeout => "the server could not complete the join",
        _ => "access to the project was denied",
    };
    let error = Error::new(kind, told(what, notice));
    if kind == ErrorKind::RateLimited { error.with_retry_in(retry_after(notice)) } else { error }
}

/// What the refusal of a connection means, by CONNECT_ERROR or by event.
pub(crate) enum ConnectRefusal {
    /// The credentials; said so by the server, or only supposed because it gave no other reason.
    Credentials(Error, Certainty),
    /// A limit of the server, or a failure of its own.
    Other(Error),
}

/// Reads the refusal of a connection.
/// `unclear`: how sure it is without words that say why.
pub(crate) fn connect_error(notice: &Notice, unclear: Certainty) -> ConnectRefusal {
    let refused = |kind, what: &str| Error::new(kind, told(what, notice)).with_stage(Stage::Namespace);
    let namespace = notice.message.to_ascii_lowercase().contains("namespace");
    match kind_of(notice) {
        Some(ErrorKind::RateLimited) => ConnectRefusal::Other(
            refused(ErrorKind::RateLimited, "the server limits connections").with_retry_in(retry_after(notice)),
        ),
        Some(ErrorKind::JoinTimeout) => {
            ConnectRefusal::Other(refused(ErrorKind::ConnectFailed, "the server could not take the connection"))
        }
        _ if namespace => ConnectRefusal::Other(
            refused(ErrorKind::ConnectFailed, "the server has no such namespace").with_retryable(false),
        ),
        kind => {
            let said = matches!(kind, Some(ErrorKind::AuthenticationFailed | ErrorKind::AccessDenied));
            let certainty = if said { Certainty::Said } else { unclear };
            let error = refused(ErrorKind::AuthenticationFailed, "the server refused the connection");
            ConnectRefusal::Credentials(error, certainty)
        }
    }
}

/// Whether the words are about the credentials and nothing else.
pub(crate) fn blames_credentials(notice: &Notice) -> bool {
    kind_of(notice) == Some(ErrorKind::AuthenticationFailed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_servers_were_seen_to_use() {
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
            ("No.", "access_denied"),
        ] {
            let notice = Notice { message: message.into(), ..Notice::default() };
            assert_eq!(join_error(&notice, false).code(), code, "{message}");
        }
    }
}
