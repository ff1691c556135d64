//! The attempts to connect since a connection was stable.

use std::time::{Duration, Instant};

use rand::Rng;

use super::{
    ReconnectPolicy,
    backoff::{AttemptWindow, next_delay, quick_delay},
};

/// Counts attempts, and limits them.
#[derive(Debug)]
pub(crate) struct Attempts {
    count: u32,
    /// The number of them that were the first at their address and waited only briefly.
    quick_attempts: u32,
    window: AttemptWindow,
}

impl Attempts {
    /// `per_minute`: the most attempts in a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { count: 0, quick_attempts: 0, window: AttemptWindow::new(per_minute) }
    }

    /// The number of attempts that were scheduled.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// An attempt begins.
    pub(crate) fn record(&mut self, now: Instant) {
        self.window.record(now);
    }

    /// The earliest moment, not before `wanted`, at which the limit allows another attempt.
    pub(crate) fn earliest(&self, wanted: Instant) -> Instant {
        self.window.earliest(wanted)
    }

    /// The pause before the first attempt at another address, which is scheduled now.
    pub(crate) fn quick_pause(&mut self, policy: &ReconnectPolicy, rng: &mut impl Rng) -> Duration {
        self.count = self.count.saturating_add(1);
        self.quick_attempts += 1;
        quick_delay(policy, rng)
    }

    /// The pause before any other attempt, which is scheduled now. It grows no further than for the attempt `longest`.
    pub(crate) fn pause(&mut self, policy: &ReconnectPolicy, longest: u32, rng: &mut impl Rng) -> Duration {
        self.count = self.count.saturating_add(1);
        next_delay(policy, (self.count - self.quick_attempts).min(longest), rng)
    }

    /// A connection is stable: pauses are short again.
    pub(crate) fn reset(&mut self) {
        (self.count, self.quick_attempts) = (0, 0);
    }
}
