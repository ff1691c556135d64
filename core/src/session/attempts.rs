//! Counts of connection attempts since the last stable connection.

use std::time::{Duration, Instant};

use rand::Rng;

use super::{
    ReconnectPolicy,
    backoff::{AttemptWindow, next_delay, quick_delay},
};

/// Counter of connection attempts, with the limit on attempts per minute.
#[derive(Debug)]
pub(crate) struct Attempts {
    count: u32,
    /// Number of first attempts at an address, which have short delays.
    quick_attempts: u32,
    window: AttemptWindow,
}

impl Attempts {
    /// Creates a counter that allows `per_minute` attempts per minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { count: 0, quick_attempts: 0, window: AttemptWindow::new(per_minute) }
    }

    /// Returns the number of attempts scheduled since the last stable connection.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Records the start of an attempt.
    pub(crate) fn record(&mut self, now: Instant) {
        self.window.record(now);
    }

    /// Returns the earliest time, at or after `wanted`, at which the limit allows another attempt.
    pub(crate) fn earliest(&self, wanted: Instant) -> Instant {
        self.window.earliest(wanted)
    }

    /// Schedules the first attempt at another address and returns its delay.
    pub(crate) fn quick_pause(&mut self, policy: &ReconnectPolicy, rng: &mut impl Rng) -> Duration {
        self.count = self.count.saturating_add(1);
        self.quick_attempts += 1;
        quick_delay(policy, rng)
    }

    /// Schedules any other attempt and returns its delay. The delay stops growing at attempt number `longest`.
    pub(crate) fn pause(&mut self, policy: &ReconnectPolicy, longest: u32, rng: &mut impl Rng) -> Duration {
        self.count = self.count.saturating_add(1);
        next_delay(policy, (self.count - self.quick_attempts).min(longest), rng)
    }

    /// Resets the delays, because a connection is stable.
    pub(crate) fn reset(&mut self) {
        (self.count, self.quick_attempts) = (0, 0);
    }
}
