//! Times as the REST interface takes them.

use std::time::Duration;

/// The end of this duration.
pub(crate) fn in_time(duration: Duration) -> String {
    (jiff::Timestamp::now() + duration).to_string()
}
