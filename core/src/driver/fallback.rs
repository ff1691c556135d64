//! Choice between WebSocket and long-polling for `auto`. No I/O and no clock.

use std::time::{Duration, Instant};

/// Time for which long-polling is preferred once it has worked. After it, WebSocket is tried first again.
const POLLING_PREFERENCE: Duration = Duration::from_secs(600);

/// Transport of the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum NextTransport {
    #[default]
    WebSocket,
    /// WebSocket was refused. Polling gets one attempt.
    PollingOnce,
    Polling {
        until: Instant,
    },
}

/// State of the transports at one address.
///
/// Polling is preferred only while it works: each attempt takes the preference away, and the namespace acknowledgement
/// restores it.
#[derive(Debug, Default)]
pub(crate) struct PollingFallback {
    next: NextTransport,
    /// Set while an attempt by polling is not acknowledged, with the end of an earlier preference if there was one.
    unconfirmed: Option<Option<Instant>>,
}

impl PollingFallback {
    /// Starts an attempt. Returns `true` if it uses polling.
    pub(crate) fn begin(&mut self, now: Instant) -> bool {
        self.unconfirmed = match std::mem::take(&mut self.next) {
            NextTransport::PollingOnce => Some(None),
            NextTransport::Polling { until } if now < until => Some(Some(until)),
            NextTransport::WebSocket | NextTransport::Polling { .. } => None,
        };
        self.unconfirmed.is_some()
    }

    /// Notes that WebSocket was refused, so that the next attempt uses polling.
    pub(crate) fn websocket_refused(&mut self) {
        self.next = NextTransport::PollingOnce;
    }

    /// Notes that the current attempt continues by polling.
    pub(crate) fn polling_opened(&mut self) {
        self.unconfirmed.get_or_insert_default();
    }

    /// Notes that the server has acknowledged the namespace.
    pub(crate) fn on_acknowledged(&mut self, now: Instant) {
        if let Some(until) = self.unconfirmed.take() {
            self.next = NextTransport::Polling { until: until.unwrap_or(now + POLLING_PREFERENCE) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_that_is_never_acknowledged_is_not_preferred() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        assert!(!fallback.begin(now));
        fallback.websocket_refused();
        assert!(fallback.begin(now));
        fallback.polling_opened();
        assert!(!fallback.begin(now), "WebSocket again");
    }

    #[test]
    fn polling_that_works_is_preferred_for_a_while() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        assert!(!fallback.begin(now));
        fallback.polling_opened();
        fallback.on_acknowledged(now);
        let later = now + POLLING_PREFERENCE / 2;
        assert!(fallback.begin(later));
        fallback.on_acknowledged(later);
        assert!(!fallback.begin(now + POLLING_PREFERENCE), "from the first time on");
    }

    #[test]
    fn a_failure_of_polling_ends_the_preference() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        fallback.begin(now);
        fallback.polling_opened();
        fallback.on_acknowledged(now);
        assert!(fallback.begin(now));
        assert!(!fallback.begin(now));
    }

    #[test]
    fn an_acknowledgement_over_websocket_says_nothing() {
        let (mut fallback, now) = (PollingFallback::default(), Instant::now());
        fallback.begin(now);
        fallback.on_acknowledged(now);
        assert!(!fallback.begin(now));
    }
}
