//! Delays between connection attempts, and the limit on attempts per minute.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rand::{Rng, RngExt};

use super::ReconnectPolicy;

/// Returns the delay before retry number `attempt`, counted from 1.
pub(crate) fn next_delay(policy: &ReconnectPolicy, attempt: u32, rng: &mut impl Rng) -> Duration {
    let grown = policy.delay.as_secs_f64() * policy.factor.powi(attempt.saturating_sub(1).min(1_000) as i32);
    let delay = grown.min(policy.max_delay.as_secs_f64());
    let spread = policy.jitter * (rng.random::<f64>() * 2.0 - 1.0);
    Duration::from_secs_f64((delay * (1.0 + spread)).max(0.0))
}

/// Returns the short delay before the first attempt at another address. Its jitter prevents the clients of a failed
/// server from reconnecting all at once.
pub(crate) fn endpoint_switch_delay(policy: &ReconnectPolicy, rng: &mut impl Rng) -> Duration {
    policy.delay.mul_f64(policy.jitter * rng.random::<f64>())
}

/// Period over which servers count attempts, plus one second for clock differences.
const ATTEMPT_WINDOW: Duration = Duration::from_secs(61);

/// Sliding window over recent attempts, which enforces the limit on attempts per minute.
#[derive(Debug)]
pub(crate) struct AttemptWindow {
    limit: usize,
    started_at: VecDeque<Instant>,
}

impl AttemptWindow {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit: limit.max(1) as usize, started_at: VecDeque::new() }
    }

    /// Returns the earliest time, at or after `wanted`, at which another attempt stays within the limit.
    pub(crate) fn earliest_allowed(&self, wanted: Instant) -> Instant {
        match self.started_at.len().checked_sub(self.limit) {
            None => wanted,
            Some(at) => wanted.max(self.started_at[at] + ATTEMPT_WINDOW),
        }
    }

    pub(crate) fn record(&mut self, now: Instant) {
        self.started_at.push_back(now);
        while self.started_at.len() > self.limit {
            self.started_at.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::SmallRng};

    use super::*;

    proptest! {
        #[test]
        fn the_delay_stays_within_its_jitter(attempt in 1u32..5_000, seed: u64, jitter in 0.0..=1.0f64) {
            let policy = ReconnectPolicy { jitter, ..ReconnectPolicy::default() };
            let delay = next_delay(&policy, attempt, &mut SmallRng::seed_from_u64(seed)).as_secs_f64();
            let base = (2f64.powi(attempt.min(60) as i32 - 1)).min(10.0);
            prop_assert!(delay >= base * (1.0 - jitter) - 1e-6 && delay <= base * (1.0 + jitter) + 1e-6);
        }

        #[test]
        fn no_minute_contains_more_attempts_than_allowed(limit in 1u32..12, pauses in proptest::collection::vec(0u64..20_000, 1..80)) {
            let mut window = AttemptWindow::new(limit);
            let mut now = Instant::now();
            let mut made: Vec<Instant> = Vec::new();
            for pause in pauses {
                now = window.earliest_allowed(now + Duration::from_millis(pause));
                window.record(now);
                made.push(now);
                let recent = made.iter().filter(|at| now.duration_since(**at) < Duration::from_secs(60)).count();
                prop_assert!(recent <= limit as usize);
            }
        }
    }
}
