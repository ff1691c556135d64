//! Retry policy for page requests.

use std::time::{Duration, Instant};

/// Number of consecutive failures after which the missing events are given up.
const PAGE_FAILURES_MAX: u32 = 5;
/// Delay before the first retry. The delay doubles with each further failure.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(500);
/// Limit on the pause that a server requests before a retry. Longer pauses are shortened to this limit.
const REQUESTED_PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Page requests of one reader on one connection. At most one request is pending at a time.
#[derive(Debug, Default)]
pub(crate) struct PageAttempts {
    /// Id after which the pending request asks for events; `None` if no request is pending.
    pending_after: Option<u64>,
    /// Earliest time of the next request, after a failure.
    retry_at: Option<Instant>,
    failure_count: u32,
}

impl PageAttempts {
    /// Returns `true` if a page may be requested now.
    pub(crate) fn may_request(&mut self, now: Instant) -> bool {
        // A retry time that has passed must not be reported as a deadline, even if no page can be requested yet.
        self.retry_at = self.retry_at.filter(|at| *at > now);
        self.pending_after.is_none() && self.retry_at.is_none()
    }

    /// Returns the time at which the pause before a retry ends, or `None` if there is no such pause.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.retry_at.filter(|_| self.pending_after.is_none())
    }

    pub(crate) fn on_requested(&mut self, after: u64) {
        self.pending_after = Some(after);
    }

    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        self.pending_after.is_some()
    }

    /// Returns `true` if the pending request is for the page after this id.
    pub(crate) fn awaits_page_after(&self, after: u64) -> bool {
        self.pending_after == Some(after)
    }

    /// Returns `true` if a request has failed since the reader last made progress.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure_count > 0
    }

    /// Records that a page allowed the reader to make progress.
    pub(crate) fn on_progress(&mut self) {
        *self = Self::default();
    }

    /// Records a request that returned no page, or a page that allowed no progress. Returns `false` if the reader must
    /// give up. If `retry_after` is set, the server asked the client to wait that many seconds, and the request does
    /// not count towards giving up.
    #[must_use]
    pub(crate) fn schedule_retry_after_failure(&mut self, now: Instant, retry_after: Option<f64>) -> bool {
        self.pending_after = None;
        let pause = match retry_after {
            Some(seconds) => {
                Duration::try_from_secs_f64(seconds).unwrap_or(REQUESTED_PAUSE_MAX).min(REQUESTED_PAUSE_MAX)
            }
            None => {
                self.failure_count += 1;
                FIRST_RETRY_DELAY * 2u32.pow(self.failure_count.min(PAGE_FAILURES_MAX) - 1)
            }
        };
        if self.failure_count >= PAGE_FAILURES_MAX {
            *self = Self::default();
            return false;
        }
        self.retry_at = Some(now + pause);
        true
    }
}
