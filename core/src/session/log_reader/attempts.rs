//! Retry policy for page requests.

use std::time::{Duration, Instant};

/// Number of consecutive failures after which the missing events are given up.
const FAILURES_MAX: u32 = 5;
/// Half the delay before the first retry. The delay doubles with each failure.
const RETRY_DELAY: Duration = Duration::from_millis(250);
/// Upper bound for the delay that a server requests.
const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Page requests of one reader on one connection. At most one request is pending at a time.
#[derive(Debug, Default)]
pub(crate) struct PageAttempts {
    /// Id after which the pending request wants events; `None` if no request is pending.
    asked: Option<u64>,
    /// Earliest time of the next request, after a failure.
    not_before: Option<Instant>,
    failures: u32,
}

impl PageAttempts {
    /// Returns `true` if a page may be requested now.
    pub(crate) fn may_request(&mut self, now: Instant) -> bool {
        // Once this time has passed, it must not be reported as a deadline, even if no page can be requested now.
        self.not_before = self.not_before.filter(|at| *at > now);
        self.asked.is_none() && self.not_before.is_none()
    }

    /// Returns the time at which the result of [`may_request`](Self::may_request) changes, unless an answer changes it
    /// earlier.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.asked.is_none())
    }

    pub(crate) fn on_requested(&mut self, after: u64) {
        self.asked = Some(after);
    }

    /// Returns `true` if a request is pending.
    #[inline]
    pub(crate) fn is_requested(&self) -> bool {
        self.asked.is_some()
    }

    /// Returns `true` if the pending request is for the page after this id.
    pub(crate) fn awaits(&self, after: u64) -> bool {
        self.asked == Some(after)
    }

    /// Returns `true` if the last request failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Records a page that brought progress.
    pub(crate) fn on_gain(&mut self) {
        *self = Self::default();
    }

    /// Records a failed request. Returns `false` if the reader must give up. If `retry_after` is set, the server
    /// expects to have the page after that many seconds, and the request does not count as a failure.
    #[must_use]
    pub(crate) fn on_failure(&mut self, now: Instant, retry_after: Option<f64>) -> bool {
        self.asked = None;
        let pause = match retry_after {
            Some(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(PAUSE_MAX).min(PAUSE_MAX),
            None => {
                self.failures += 1;
                RETRY_DELAY * 2u32.pow(self.failures.min(FAILURES_MAX))
            }
        };
        if self.failures >= FAILURES_MAX {
            *self = Self::default();
            return false;
        }
        self.not_before = Some(now + pause);
        true
    }
}
