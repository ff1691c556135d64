//! Retry policy for pages of the log.

use std::time::{Duration, Instant};

/// Number of consecutive failures after which the missing events are given up.
const FAILURES_MAX: u32 = 5;
/// Half of the delay before the first retry; doubles with each failure.
const RETRY_DELAY: Duration = Duration::from_millis(250);
/// Longest delay that a server may request.
const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Page requests of one reader on one connection, one at a time.
#[derive(Debug, Default)]
pub(crate) struct PageAttempts {
    /// Id after which a page was requested.
    asked: Option<u64>,
    not_before: Option<Instant>,
    failures: u32,
}

impl PageAttempts {
    /// Returns `true` if a page may be requested now.
    pub(crate) fn may_request(&mut self, now: Instant) -> bool {
        // A time that has passed is no deadline, whether or not the page can be requested now.
        self.not_before = self.not_before.filter(|at| *at > now);
        self.asked.is_none() && self.not_before.is_none()
    }

    /// Time at which [`may_request`](Self::may_request) may change without an answer.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.asked.is_none())
    }

    pub(crate) fn on_requested(&mut self, after: u64) {
        self.asked = Some(after);
    }

    /// Returns `true` if a page was requested and not answered yet.
    #[inline]
    pub(crate) fn is_requested(&self) -> bool {
        self.asked.is_some()
    }

    /// Returns `true` if the page after this id is the requested one.
    pub(crate) fn awaits(&self, after: u64) -> bool {
        self.asked == Some(after)
    }

    /// Returns `true` if the last request failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Notes a page that brought progress.
    pub(crate) fn on_gain(&mut self) {
        *self = Self::default();
    }

    /// Notes a failed request. Returns `false` if it is time to give up. `retry_after`: seconds after which the server
    /// has the page, if it said so; that does not count as a failure.
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
