//! Interpretation of an HTTP response that refuses a transport.

use std::time::Duration;

use crate::{Error, ErrorKind, Stage, session::ConnectionFailure};

/// Maximum number of characters of a response body that an error keeps.
const ERROR_BODY_CHARS_MAX: usize = 500;

/// Converts a response that refuses a transport into a failure.
pub(crate) fn refusal_failure(status: u16, retry_after: Option<&str>, body: &str) -> ConnectionFailure {
    let words: String = body.trim().chars().take(ERROR_BODY_CHARS_MAX).collect();
    let shown = if words.is_empty() || words.starts_with('<') { String::new() } else { format!(": {words}") };
    let build =
        |kind, text: String| Error::new(kind, text).with_stage(Stage::Http).with_status(status).with_body(&words);
    match status {
        401 => ConnectionFailure::Credentials(build(
            ErrorKind::AuthenticationFailed,
            format!("the server refused the connection with status 401{shown}"),
        )),
        429 => {
            let seconds = retry_after.and_then(|s| s.trim().parse::<u64>().ok()).unwrap_or(60).min(86_400);
            let error = build(ErrorKind::RateLimited, format!("the server limits connections{shown}"));
            ConnectionFailure::Dial(error.with_retry_in(Duration::from_secs(seconds)))
        }
        _ => {
            let error = build(ErrorKind::ConnectFailed, format!("the server answered with status {status}{shown}"));
            ConnectionFailure::Dial(error.with_retryable(!(400..500).contains(&status) || status == 408))
        }
    }
}
