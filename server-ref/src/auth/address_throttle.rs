//! The limit on failed sign-ins per client address.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::client_address::prefix_for_limits;

const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Number of stored addresses above which addresses without recent failures are removed.
const ADDRESSES_BEFORE_SWEEP: usize = 4096;

/// Times of the failed sign-in attempts within the last minute, per network prefix.
#[derive(Debug)]
pub(crate) struct AddressThrottle {
    limit: usize,
    failures: Mutex<HashMap<IpAddr, VecDeque<Instant>>>,
}

impl AddressThrottle {
    /// Creates a throttle. A `limit` of 0 allows any number of attempts.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, failures: Mutex::default() }
    }

    /// Counts a sign-in attempt as a failure until it is [removed from the count](Self::uncount_attempt), so that concurrent attempts
    /// can't exceed the limit.
    ///
    /// # Errors
    /// Returns the time to wait if the limit is reached.
    pub(crate) fn count_attempt(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.limit == 0 {
            return Ok(());
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > ADDRESSES_BEFORE_SWEEP {
            failures.retain(|_, times| times.back().is_some_and(|&last| last + FAILURE_WINDOW > now));
        }
        let times = failures.entry(prefix_for_limits(address)).or_default();
        while times.front().is_some_and(|&first| first + FAILURE_WINDOW <= now) {
            times.pop_front();
        }
        match times.front() {
            Some(&first) if times.len() >= self.limit => Err(first + FAILURE_WINDOW - now),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    /// Removes a successful attempt from the count. Earlier failures still count.
    pub(crate) fn uncount_attempt(&self, address: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = failures.get_mut(&prefix_for_limits(address)) {
            times.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_limited_within_any_minute() {
        let throttle = AddressThrottle::new(2);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let start = Instant::now();
        assert_eq!(throttle.count_attempt(address, start), Ok(()));
        throttle.uncount_attempt(address);
        assert_eq!(throttle.count_attempt(address, start), Ok(()));
        assert_eq!(throttle.count_attempt(address, start + Duration::from_secs(10)), Ok(()));
        let later = start + Duration::from_secs(20);
        assert_eq!(throttle.count_attempt(address, later), Err(Duration::from_secs(40)));
        assert_eq!(throttle.count_attempt("192.0.2.2".parse().unwrap(), later), Ok(()));
        assert_eq!(throttle.count_attempt(address, start + FAILURE_WINDOW), Ok(()));
    }
}
