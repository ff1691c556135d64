//! The limits on requests per minute, for API keys that have a limit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::rate_limiter::RateLimiter;
use crate::store::StoredKey;

/// Number of limiters at which those of idle keys are removed.
const KEYS_BEFORE_SWEEP: usize = 1024;

/// The request limiters of this process, by key id. A limiter is kept at least until it is idle, unless the limit of its key changes.
#[derive(Debug, Default)]
pub(super) struct KeyRateLimiters {
    limiters: Mutex<HashMap<String, (i64, RateLimiter)>>,
}

impl KeyRateLimiters {
    /// Counts a request, or returns the time until the key may make the next one.
    pub(super) fn count_request(&self, key: &StoredKey, now: Instant) -> Result<(), Duration> {
        let Some(limit) = key.requests_per_minute else { return Ok(()) };
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, limiter)) = limiters.get_mut(&key.id).filter(|(known, _)| *known == limit) {
            return limiter.try_accept(now);
        }
        if limiters.len() >= KEYS_BEFORE_SWEEP {
            limiters.retain(|_, (_, limiter)| !limiter.is_idle(now));
        }
        let mut limiter = RateLimiter::new(usize::try_from(limit).unwrap_or(1).max(1));
        let checked = limiter.try_accept(now);
        limiters.insert(key.id.clone(), (limit, limiter));
        checked
    }
}
