//! The limits on requests per minute of API keys that have one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::rate::Rate;
use crate::store::StoredKey;

/// Number of stored keys from which idle keys are removed.
const IDLE_SWEEP_SIZE: usize = 1024;

/// The request limiters of this process, by id of the key. A limiter survives changes of its key, except of the limit itself.
#[derive(Debug, Default)]
pub(super) struct KeyRates {
    by_id: Mutex<HashMap<String, (i64, Rate)>>,
}

impl KeyRates {
    /// Counts a request, or returns the time until the key may make the next one.
    pub(super) fn check(&self, key: &StoredKey, now: Instant) -> Result<(), Duration> {
        let Some(limit) = key.requests_per_minute else { return Ok(()) };
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rate)) = by_id.get_mut(&key.id).filter(|(known, _)| *known == limit) {
            return rate.check(now);
        }
        if by_id.len() >= IDLE_SWEEP_SIZE {
            by_id.retain(|_, (_, rate)| !rate.is_idle(now));
        }
        let mut rate = Rate::new(usize::try_from(limit).unwrap_or(1).max(1));
        let checked = rate.check(now);
        by_id.insert(key.id.clone(), (limit, rate));
        checked
    }
}
