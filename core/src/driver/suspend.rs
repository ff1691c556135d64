//! Noticing that the computer has slept. Knows no clock of its own.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::session::Now;

/// How far the wall clock may run ahead of the other within one wait before the computer counts as having slept.
const DRIFT_MAX: SignedDuration = SignedDuration::from_secs(3);

/// How often the clocks are compared, at least.
const COMPARE_INTERVAL: Duration = Duration::from_secs(4);

/// Compares the clocks. On Linux and macOS the monotonic one, and every timer with it, stands still while the computer
/// sleeps; the wall clock goes on.
#[derive(Debug)]
pub(crate) struct SuspendDetector {
    last: Now,
}

impl SuspendDetector {
    pub(crate) fn new(now: Now) -> Self {
        Self { last: now }
    }

    /// Whether the computer has slept since this was asked last. A wall clock that was set forward looks the same.
    pub(crate) fn has_slept(&mut self, now: Now) -> bool {
        let last = std::mem::replace(&mut self.last, now);
        let mono =
            SignedDuration::try_from(now.mono.saturating_duration_since(last.mono)).unwrap_or(SignedDuration::MAX);
        now.wall.duration_since(last.wall).saturating_sub(mono) > DRIFT_MAX
    }

    /// When to compare again.
    pub(crate) fn deadline(&self) -> Instant {
        self.last.mono + COMPARE_INTERVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer after so many seconds by each clock.
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
