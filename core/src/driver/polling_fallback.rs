//! Choice between WebSocket and long-polling for `Transports::Auto`. Performs no I/O and reads no clock.

use std::time::{Duration, Instant};

/// Time for which long-polling is preferred after it first worked. Afterwards, WebSocket is tried first again.
const POLLING_PREFERENCE_DURATION: Duration = Duration::from_secs(600);

/// Transport of the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum NextTransport {
    #[default]
    WebSocket,
    /// Long-polling for one attempt, because WebSocket was refused.
    PollingOnce,
    Polling {
        until: Instant,
    },
}

/// Preferred transport at one address.
///
/// Long-polling is preferred only while it works: each attempt clears the preference, and a usable connection restores
/// it.
#[derive(Debug, Default)]
pub(crate) struct PollingFallback {
    next_transport: NextTransport,
    /// Set while an attempt over long-polling has not led to a usable connection. Contains the end of the earlier
    /// preference, if there was one.
    unacknowledged_polling: Option<Option<Instant>>,
}

impl PollingFallback {
    /// Starts an attempt. Returns `true` if the attempt uses long-polling.
    pub(crate) fn take_polling_preference(&mut self, now: Instant) -> bool {
        self.unacknowledged_polling = match std::mem::take(&mut self.next_transport) {
            NextTransport::PollingOnce => Some(None),
            NextTransport::Polling { until } if now < until => Some(Some(until)),
            NextTransport::WebSocket | NextTransport::Polling { .. } => None,
        };
        self.unacknowledged_polling.is_some()
    }

    /// Records that WebSocket was refused. The next attempt uses long-polling.
    pub(crate) fn on_websocket_refused(&mut self) {
        self.next_transport = NextTransport::PollingOnce;
    }

    /// Records that the current attempt has switched to long-polling.
    pub(crate) fn on_polling_opened(&mut self) {
        self.unacknowledged_polling.get_or_insert_default();
    }

    /// Records that the current attempt has led to a usable connection.
    pub(crate) fn on_connection_usable(&mut self, now: Instant) {
        if let Some(until) = self.unacknowledged_polling.take() {
            self.next_transport = NextTransport::Polling { until: until.unwrap_or(now + POLLING_PREFERENCE_DURATION) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unacknowledged_polling_is_not_preferred() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        assert!(!fallback.take_polling_preference(now));
        fallback.on_websocket_refused();
        assert!(fallback.take_polling_preference(now));
        fallback.on_polling_opened();
        assert!(!fallback.take_polling_preference(now), "WebSocket is tried again");
    }

    #[test]
    fn polling_that_works_is_preferred_for_a_while() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        assert!(!fallback.take_polling_preference(now));
        fallback.on_polling_opened();
        fallback.on_connection_usable(now);
        let later = now + POLLING_PREFERENCE_DURATION / 2;
        assert!(fallback.take_polling_preference(later));
        fallback.on_connection_usable(later);
        assert!(
            !fallback.take_polling_preference(now + POLLING_PREFERENCE_DURATION),
            "a second success does not prolong the preference"
        );
    }

    #[test]
    fn failed_polling_is_no_longer_preferred() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        fallback.take_polling_preference(now);
        fallback.on_polling_opened();
        fallback.on_connection_usable(now);
        assert!(fallback.take_polling_preference(now));
        assert!(!fallback.take_polling_preference(now));
    }

    #[test]
    fn acknowledged_websocket_does_not_make_polling_preferred() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        fallback.take_polling_preference(now);
        fallback.on_connection_usable(now);
        assert!(!fallback.take_polling_preference(now));
    }
}
