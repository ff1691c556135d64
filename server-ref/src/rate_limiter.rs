//! A limit on events or requests per minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const RATE_WINDOW: Duration = Duration::from_secs(60);

/// A limiter that accepts at most `limit` events within any minute.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: usize,
    accepted_at: VecDeque<Instant>,
    /// Number of events refused since the last accepted one.
    consecutive_refusals: usize,
}

impl RateLimiter {
    /// Creates a limiter. A `limit` of 0 accepts everything.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, accepted_at: VecDeque::new(), consecutive_refusals: 0 }
    }

    /// Accepts and counts an event, or returns the time until the next event is accepted.
    pub(crate) fn try_accept(&mut self, now: Instant) -> Result<(), Duration> {
        if self.limit == 0 {
            return Ok(());
        }
        while self.accepted_at.front().is_some_and(|&at| now.duration_since(at) >= RATE_WINDOW) {
            self.accepted_at.pop_front();
        }
        if self.accepted_at.len() >= self.limit
            && let Some(&oldest) = self.accepted_at.front()
        {
            self.consecutive_refusals += 1;
            return Err(RATE_WINDOW.saturating_sub(now.duration_since(oldest)));
        }
        self.accepted_at.push_back(now);
        self.consecutive_refusals = 0;
        Ok(())
    }

    /// Returns true if no event was accepted within the last minute. Such a limiter behaves like a new one.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.accepted_at.back().is_none_or(|&at| now.duration_since(at) >= RATE_WINDOW)
    }

    /// Returns true if the number of events refused since the last accepted one exceeds five times the limit.
    pub(crate) fn is_flooding(&self) -> bool {
        self.limit > 0 && self.consecutive_refusals > self.limit.saturating_mul(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_the_limit_is_accepted_in_any_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut limiter = RateLimiter::new(2);
        assert_eq!(limiter.try_accept(at(0)), Ok(()));
        assert_eq!(limiter.try_accept(at(30)), Ok(()));
        assert_eq!(limiter.try_accept(at(40)), Err(Duration::from_secs(20)));
        assert_eq!(limiter.try_accept(at(60)), Ok(()));
        assert_eq!(limiter.try_accept(at(61)), Err(Duration::from_secs(29)));
        assert!(!limiter.is_flooding());
        assert!((0..10).all(|_| limiter.try_accept(at(62)).is_err()));
        assert!(limiter.is_flooding());
        assert_eq!(limiter.try_accept(at(90)), Ok(()));
        assert!(!limiter.is_flooding());
        assert!(!limiter.is_idle(at(149)) && limiter.is_idle(at(150)));
    }

    #[test]
    fn zero_means_no_limit() {
        let mut limiter = RateLimiter::new(0);
        assert!((0..1000).all(|_| limiter.try_accept(Instant::now()).is_ok()));
    }
}
