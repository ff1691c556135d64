//! Logging of a client's states.

use crate::{ErrorKind, session::State};

/// Logs a state. `server` is the address that is in use or will be tried next.
pub(super) fn log_state(server: &str, state: &State) {
    match state {
        State::Reconnecting { attempt, retry_in, cause } => {
            let seconds = retry_in.as_secs_f64();
            tracing::warn!(server, "reconnecting: attempt {attempt} in {seconds:.1} s ({cause})");
        }
        State::Closed { reason } if reason.kind() != ErrorKind::Closed => {
            tracing::error!(server, "closed: {reason}");
        }
        State::Connected | State::Closed { .. } => tracing::info!(server, "{}", state.as_str()),
        _ => tracing::debug!(server, "{}", state.as_str()),
    }
}
