//! Source of all random choices in a simulation.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// Random number generator whose seed depends only on the scenario's seed.
#[derive(Debug)]
pub(super) struct Dice(SmallRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// Returns `true` with this probability. If the probability is 0, no random number is drawn.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.0.random_bool(probability.min(1.0))
    }

    /// Returns a random number from `low` to `high`, inclusive.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high.max(low))
    }

    /// Returns a random index into a list of this length.
    pub(super) fn index(&mut self, len: usize) -> usize {
        self.0.random_range(0..len)
    }

    /// Returns a random duration of `low` to `high` milliseconds, with a resolution of one microsecond.
    pub(super) fn duration_ms(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_micros(self.between(low * 1_000, high * 1_000))
    }

    /// Returns a random element of `values`.
    pub(super) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.index(values.len())]
    }
}
