//! The limit of sign-in attempts per address.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::address::network;

const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Once this many addresses are stored, those without recent attempts are removed.
const ADDRESSES_BEFORE_SWEEP: usize = 4096;

/// Failed attempts within the last minute, by address.
#[derive(Debug)]
pub(crate) struct AddressThrottle {
    limit: usize,
    failures: Mutex<HashMap<IpAddr, VecDeque<Instant>>>,
}

impl AddressThrottle {
    /// `limit` 0 lets everyone try.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, failures: Mutex::default() }
    }

    /// Counts an attempt as failed until it is [refunded](Self::refund), so that many attempts at once can't evade the limit.
    ///
    /// # Errors
    /// The time to wait.
    pub(crate) fn attempt(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.limit == 0 {
            return Ok(());
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > ADDRESSES_BEFORE_SWEEP {
            failures.retain(|_, times| times.back().is_some_and(|&last| last + FAILURE_WINDOW > now));
        }
        let times = failures.entry(network(address)).or_default();
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

    /// Takes back the last attempt, which succeeded. Earlier failures still count.
    pub(crate) fn refund(&self, address: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = failures.get_mut(&network(address)) {
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
        assert_eq!(throttle.attempt(address, start), Ok(()));
        throttle.refund(address);
        assert_eq!(throttle.attempt(address, start), Ok(()));
        assert_eq!(throttle.attempt(address, start + Duration::from_secs(10)), Ok(()));
        let later = start + Duration::from_secs(20);
        assert_eq!(throttle.attempt(address, later), Err(Duration::from_secs(40)));
        assert_eq!(throttle.attempt("192.0.2.2".parse().unwrap(), later), Ok(()));
        assert_eq!(throttle.attempt(address, start + FAILURE_WINDOW), Ok(()));
    }
}
