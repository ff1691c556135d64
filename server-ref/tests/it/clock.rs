//! Times in the format of the REST API.

use std::time::Duration;

/// Returns the time that is this duration from now.
pub(crate) fn timestamp_in(duration: Duration) -> String {
    (jiff::Timestamp::now() + duration).to_string()
}
