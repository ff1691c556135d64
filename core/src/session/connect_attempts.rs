//! Connection attempts since the last stable connection.

use std::time::{Duration, Instant};

use rand::Rng;

use super::{
    ReconnectPolicy,
    backoff::{AttemptWindow, endpoint_switch_delay, next_delay},
};

/// Counter and rate limiter for connection attempts.
#[derive(Debug)]
pub(crate) struct ConnectAttempts {
    count: u32,
    /// Number of attempts that were the first at their address. These attempts have short delays.
    first_at_endpoint_count: u32,
    window: AttemptWindow,
}

impl ConnectAttempts {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { count: 0, first_at_endpoint_count: 0, window: AttemptWindow::new(per_minute) }
    }

    /// Returns the number of attempts scheduled since the last stable connection.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn record_start(&mut self, now: Instant) {
        self.window.record(now);
    }

    /// Returns the earliest time, at or after `wanted`, at which the limit allows another attempt.
    pub(crate) fn earliest_allowed(&self, wanted: Instant) -> Instant {
        self.window.earliest_allowed(wanted)
    }

    /// Schedules the first attempt at another address and returns its delay.
    pub(crate) fn schedule_first_at_endpoint(&mut self, policy: &ReconnectPolicy, rng: &mut impl Rng) -> Duration {
        self.count = self.count.saturating_add(1);
        self.first_at_endpoint_count += 1;
        endpoint_switch_delay(policy, rng)
    }

    /// Schedules an attempt at an address that was tried before and returns its delay. The delay stops growing at
    /// attempt number `growth_limit`.
    pub(crate) fn schedule_next(
        &mut self,
        policy: &ReconnectPolicy,
        growth_limit: u32,
        rng: &mut impl Rng,
    ) -> Duration {
        self.count = self.count.saturating_add(1);
        next_delay(policy, (self.count - self.first_at_endpoint_count).min(growth_limit), rng)
    }

    /// Resets the count and the delays, because a connection is stable.
    pub(crate) fn reset_delays(&mut self) {
        (self.count, self.first_at_endpoint_count) = (0, 0);
    }
}
