//! The limit on failed sign-ins per account, counted over all addresses.
//!
//! Each browser that has signed in to an account before has a separate limit, so strangers who exhaust the account's limit can't lock
//! out an owner who uses such a browser. Unknown accounts are limited like existing ones, so the limit does not reveal which accounts exist.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::unsync::Cache;

const FAILURE_WINDOW: Duration = Duration::from_secs(15 * 60);
/// Maximum number of accounts and browsers whose failures are remembered. The cache prefers to evict those with few attempts.
const REMEMBERED_ACCOUNTS_MAX: usize = 16_384;

/// Times of the failed sign-in attempts within the last 15 minutes. Each account has one list for unknown browsers, and one for each browser
/// in which its owner has signed in before.
#[derive(Debug)]
pub(crate) struct AccountThrottle {
    limit: usize,
    /// Hasher with a random key, so that attackers can't construct e-mail addresses whose hashes collide.
    hasher: RandomState,
    failures: Mutex<Cache<u64, VecDeque<Instant>>>,
}

/// An attempt to sign in, which counts as failed until it is removed from the count.
#[derive(Debug)]
#[must_use]
pub(crate) struct SignInAttempt(u64);

impl AccountThrottle {
    /// Creates a throttle. A `limit` of 0 allows any number of attempts.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, hasher: RandomState::new(), failures: Mutex::new(Cache::new(REMEMBERED_ACCOUNTS_MAX)) }
    }

    /// Counts an attempt to sign in to the account with this e-mail address. `browser` is the id of the browser, if it has signed in to
    /// the account before.
    ///
    /// # Errors
    /// Returns the time to wait if the limit is reached.
    pub(crate) fn count_attempt(
        &self,
        email: &str,
        browser: Option<&str>,
        now: Instant,
    ) -> Result<SignInAttempt, Duration> {
        let key = self.hasher.hash_one((email.to_ascii_lowercase(), browser));
        if self.limit == 0 {
            return Ok(SignInAttempt(key));
        }
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut times) = failures.get_mut(&key) else {
            failures.insert(key, VecDeque::from([now]));
            return Ok(SignInAttempt(key));
        };
        while times.front().is_some_and(|&first| first + FAILURE_WINDOW <= now) {
            times.pop_front();
        }
        match times.front() {
            Some(&first) if times.len() >= self.limit => Err(first + FAILURE_WINDOW - now),
            _ => {
                times.push_back(now);
                Ok(SignInAttempt(key))
            }
        }
    }

    /// Removes a successful attempt from the count. Earlier failures still count.
    pub(crate) fn uncount_attempt(&self, SignInAttempt(key): SignInAttempt) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut times) = failures.get_mut(&key) {
            times.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_limited_per_account() {
        let throttle = AccountThrottle::new(2);
        let start = Instant::now();
        let attempt =
            |email: &str, browser, at| throttle.count_attempt(email, browser, start + Duration::from_secs(at));
        throttle.uncount_attempt(attempt("a@example.org", None, 0).unwrap());
        assert!(attempt("a@example.org", None, 0).is_ok() && attempt("A@example.org", None, 60).is_ok());
        assert_eq!(attempt("a@example.org", None, 100).unwrap_err(), Duration::from_secs(800));
        assert!(attempt("b@example.org", None, 100).is_ok());
        // The owner's browser has a separate limit.
        assert!(attempt("a@example.org", Some("x"), 100).is_ok() && attempt("a@example.org", Some("x"), 100).is_ok());
        assert!(attempt("a@example.org", Some("x"), 101).is_err() && attempt("a@example.org", Some("y"), 101).is_ok());
        assert!(attempt("a@example.org", None, 900).is_ok() && attempt("a@example.org", None, 901).is_err());
    }

    #[test]
    fn an_account_under_attack_is_not_forgotten() {
        let throttle = AccountThrottle::new(2);
        let now = Instant::now();
        let refused = || throttle.count_attempt("a@example.org", None, now).is_err();
        assert!(!refused() && !refused() && refused());
        for n in 0..4 * REMEMBERED_ACCOUNTS_MAX {
            let _ = throttle.count_attempt(&n.to_string(), None, now);
            assert!(n % 1000 > 0 || refused(), "{n}");
        }
        assert!(throttle.failures.lock().unwrap().len() <= REMEMBERED_ACCOUNTS_MAX);
    }

    #[test]
    fn zero_allows_any_number_of_attempts() {
        let throttle = AccountThrottle::new(0);
        assert!((0..100).all(|_| throttle.count_attempt("a@example.org", None, Instant::now()).is_ok()));
    }
}
