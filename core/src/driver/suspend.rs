//! Detection of system sleep. Uses no clock of its own.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::session::Now;

/// Lead of the wall clock over the monotonic one, within one wait, that counts as sleep.
const DRIFT_MAX: SignedDuration = SignedDuration::from_secs(3);

/// Longest interval between comparisons of the clocks.
const COMPARE_INTERVAL: Duration = Duration::from_secs(4);

/// Compares the clocks. On Linux and macOS the monotonic clock and all timers stop during sleep; the wall clock
/// continues.
#[derive(Debug)]
pub(crate) struct SuspendDetector {
    last: Now,
}

impl SuspendDetector {
    pub(crate) fn new(now: Now) -> Self {
        Self { last: now }
    }

    /// Returns `true` if the system has slept since the last call. A wall clock that was set forward looks the same.
    pub(crate) fn has_slept(&mut self, now: Now) -> bool {
        let last = std::mem::replace(&mut self.last, now);
        let mono =
            SignedDuration::try_from(now.mono.saturating_duration_since(last.mono)).unwrap_or(SignedDuration::MAX);
        now.wall.duration_since(last.wall).saturating_sub(mono) > DRIFT_MAX
    }

    /// Time of the next comparison.
    pub(crate) fn deadline(&self) -> Instant {
        self.last.mono + COMPARE_INTERVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Result after this many seconds by each clock.
    fn slept(mono: u64, wall: i64) -> bool {
        let start = Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH };
        let now =
            Now { mono: start.mono + Duration::from_secs(mono), wall: start.wall + SignedDuration::from_secs(wall) };
        let mut detector = SuspendDetector::new(start);
        let slept = detector.has_slept(now);
        assert!(!detector.has_slept(now), "each sleep once");
        slept
    }

    #[test]
    fn an_hour_of_sleep() {
        assert!(slept(4, 3600));
    }

    #[test]
    fn time_that_passes_for_both_clocks() {
        assert!(!slept(0, 0) && !slept(4, 4) && !slept(3600, 3600) && !slept(10, 12));
    }

    #[test]
    fn a_wall_clock_that_is_set_back() {
        assert!(!slept(4, -3600) && !slept(3600, 0));
    }
}
