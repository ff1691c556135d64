//! The number of a client's events within the last minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const RATE_WINDOW: Duration = Duration::from_secs(60);

/// A sliding window over the accepted events.
#[derive(Debug)]
pub(super) struct EventRate {
    limit: usize,
    accepted: VecDeque<Instant>,
    /// Refusals since the last accepted event.
    refused: usize,
}

impl EventRate {
    /// `limit` 0 accepts everything.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, accepted: VecDeque::new(), refused: 0 }
    }

    /// Counts an event, or returns the time until the next one is accepted.
    pub(super) fn check(&mut self, now: Instant) -> Result<(), Duration> {
        if self.limit == 0 {
            return Ok(());
        }
        while self.accepted.front().is_some_and(|&at| now.duration_since(at) >= RATE_WINDOW) {
            self.accepted.pop_front();
        }
        if self.accepted.len() >= self.limit
            && let Some(&oldest) = self.accepted.front()
        {
            self.refused += 1;
            return Err(RATE_WINDOW.saturating_sub(now.duration_since(oldest)));
        }
        self.accepted.push_back(now);
        self.refused = 0;
        Ok(())
    }

    /// True if the client continues despite refusals.
    pub(super) fn is_flooding(&self) -> bool {
        self.limit > 0 && self.refused > self.limit.saturating_mul(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_minute_has_at_most_the_limit() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut rate = EventRate::new(2);
        assert_eq!(rate.check(at(0)), Ok(()));
        assert_eq!(rate.check(at(30)), Ok(()));
        assert_eq!(rate.check(at(40)), Err(Duration::from_secs(20)));
        assert_eq!(rate.check(at(60)), Ok(()));
        assert_eq!(rate.check(at(61)), Err(Duration::from_secs(29)));
        assert!(!rate.is_flooding());
        assert!((0..10).all(|_| rate.check(at(62)).is_err()));
        assert!(rate.is_flooding());
        assert_eq!(rate.check(at(90)), Ok(()));
        assert!(!rate.is_flooding());
    }

    #[test]
    fn zero_lifts_it() {
        let mut rate = EventRate::new(0);
        assert!((0..1000).all(|_| rate.check(Instant::now()).is_ok()));
    }
}
