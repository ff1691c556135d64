//! Detection of system sleep. The caller passes in the current time.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::session::Now;

/// Maximum time that the wall clock may gain on the monotonic clock between two comparisons. A larger gain counts as
/// sleep.
const CLOCK_DRIFT_MAX: SignedDuration = SignedDuration::from_secs(3);

/// Maximum interval between comparisons of the clocks while the machine has a deadline.
const CLOCK_COMPARE_INTERVAL: Duration = Duration::from_secs(4);

/// Detector that compares the clocks to notice system sleep. On Linux and macOS, the monotonic clock and all timers
/// stop during sleep, but the wall clock continues.
#[derive(Debug)]
pub(crate) struct SuspendDetector {
    last_time: Now,
}

impl SuspendDetector {
    pub(crate) fn new(now: Now) -> Self {
        Self { last_time: now }
    }

    /// Returns `true` if the system has slept since the last call. Setting the wall clock forward has the same effect.
    pub(crate) fn has_slept(&mut self, now: Now) -> bool {
        let last = std::mem::replace(&mut self.last_time, now);
        let mono =
            SignedDuration::try_from(now.mono.saturating_duration_since(last.mono)).unwrap_or(SignedDuration::MAX);
        now.wall.duration_since(last.wall).saturating_sub(mono) > CLOCK_DRIFT_MAX
    }

    /// Returns the time of the next comparison.
    pub(crate) fn next_comparison_at(&self) -> Instant {
        self.last_time.mono + CLOCK_COMPARE_INTERVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `true` if sleep is detected after this many seconds on each clock.
    fn detects_sleep(mono: u64, wall: i64) -> bool {
        let start = Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH };
        let now =
            Now { mono: start.mono + Duration::from_secs(mono), wall: start.wall + SignedDuration::from_secs(wall) };
        let mut detector = SuspendDetector::new(start);
        let slept = detector.has_slept(now);
        assert!(!detector.has_slept(now), "each sleep is reported once");
        slept
    }

    #[test]
    fn an_hour_of_sleep_is_detected() {
        assert!(detects_sleep(4, 3600));
    }

    #[test]
    fn time_that_passes_on_both_clocks_is_not_sleep() {
        assert!(!detects_sleep(0, 0) && !detects_sleep(4, 4) && !detects_sleep(3600, 3600) && !detects_sleep(10, 12));
    }

    #[test]
    fn setting_the_wall_clock_back_is_not_sleep() {
        assert!(!detects_sleep(4, -3600) && !detects_sleep(3600, 0));
    }
}
