//! Limit on the number of events sent per minute. The limit uses a sliding window, as the server does. A token bucket
//! would allow nearly twice the limit in its first minute.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Length of the server's window, plus one second for variations in latency.
const BUDGET_WINDOW: Duration = Duration::from_secs(61);

/// Budget of events for one connection. Each new connection starts with a full budget.
#[derive(Debug)]
pub(crate) struct SendBudget {
    limit: Option<usize>,
    sent_at: VecDeque<Instant>,
}

impl SendBudget {
    pub(crate) fn new(per_minute: Option<u32>) -> Self {
        Self { limit: per_minute.map(|n| n as usize), sent_at: VecDeque::new() }
    }

    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        self.sent_at.len()
    }

    /// Charges one of the user's own events to the budget. A fifth of the budget is reserved for joins, leaves, page
    /// requests and heartbeats.
    ///
    /// # Errors
    /// Returns the time until the budget has room again.
    pub(crate) fn take_for_user(&mut self, now: Instant) -> Result<(), Duration> {
        self.take_within(now, self.limit.map(|limit| limit - limit / 5))
    }

    /// Takes one event from the budget.
    ///
    /// # Errors
    /// Returns the time until the budget has room again.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.take_within(now, self.limit)
    }

    fn take_within(&mut self, now: Instant, limit: Option<usize>) -> Result<(), Duration> {
        let Some(limit) = limit else { return Ok(()) };
        while self.sent_at.front().is_some_and(|at| now.saturating_duration_since(*at) >= BUDGET_WINDOW) {
            self.sent_at.pop_front();
        }
        match self.sent_at.len().checked_sub(limit) {
            None => {
                self.sent_at.push_back(now);
                Ok(())
            }
            Some(oldest_blocking) => {
                Err((self.sent_at[oldest_blocking] + BUDGET_WINDOW).saturating_duration_since(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_minute_contains_more_events_than_the_limit(limit in 1u32..120, pauses in proptest::collection::vec(0u64..4_000, 1..400)) {
            let mut budget = SendBudget::new(Some(limit));
            let mut now = Instant::now();
            let mut sent: Vec<Instant> = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                match budget.take(now) {
                    Ok(()) => sent.push(now),
                    Err(wait) => prop_assert!(wait > Duration::ZERO && wait <= BUDGET_WINDOW),
                }
                let recent = sent.iter().filter(|at| now.duration_since(**at) < Duration::from_secs(60)).count();
                prop_assert!(recent <= limit as usize);
            }
        }
    }

    #[test]
    fn a_fifth_of_the_budget_is_reserved() {
        let mut budget = SendBudget::new(Some(10));
        let now = Instant::now();
        assert_eq!((0..20).filter(|_| budget.take_for_user(now).is_ok()).count(), 8);
        assert_eq!((0..20).filter(|_| budget.take(now).is_ok()).count(), 2);
        let wait = budget.take_for_user(now).unwrap_err();
        assert!(budget.take_for_user(now + wait).is_ok());
    }

    #[test]
    fn the_returned_wait_is_long_enough() {
        let mut budget = SendBudget::new(Some(2));
        let start = Instant::now();
        budget.take(start).unwrap();
        budget.take(start + Duration::from_secs(1)).unwrap();
        let now = start + Duration::from_secs(2);
        let wait = budget.take(now).unwrap_err();
        assert!(budget.take(now + wait).is_ok());
    }
}
