//! When a page of the log may be requested, and when to give up.

use std::time::{Duration, Instant};

/// The number of failed requests in a row after which the missing events are given up.
const FAILURES_MAX: u32 = 5;
/// The pause before the first retry, halved; it doubles with each failure.
const RETRY_DELAY: Duration = Duration::from_millis(250);
/// The longest pause that a server may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// The requests of one reader, one at a time. They belong to one connection.
#[derive(Debug, Default)]
pub(crate) struct PageAttempts {
    /// The id after which a page has been requested.
    asked: Option<u64>,
    not_before: Option<Instant>,
    failures: u32,
}

impl PageAttempts {
    /// Whether a page may be requested now.
    pub(crate) fn may_ask(&mut self, now: Instant) -> bool {
        // One that has passed is no deadline any more, whether the page can be requested now or not.
        self.not_before = self.not_before.filter(|at| *at > now);
        self.asked.is_none() && self.not_before.is_none()
    }

    /// When [`may_ask`](Self::may_ask) may change without an answer.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.asked.is_none())
    }

    pub(crate) fn on_asked(&mut self, after: u64) {
        self.asked = Some(after);
    }

    /// Whether a page has been requested and not answered yet.
    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether the page after this id is the one that was requested.
    pub(crate) fn awaits(&self, after: u64) -> bool {
        self.asked == Some(after)
    }

    /// Whether the last request has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// A page came that leads on.
    pub(crate) fn on_gain(&mut self) {
        *self = Self::default();
    }

    /// The request has failed. `retry_after`: the seconds after which the server has the page, if it said so; that is
    /// no failure. Returns false when it is time to give up.
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
