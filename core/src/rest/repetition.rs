//! Repetition of failed writes. A write is repeated only if the repetition can't execute it twice.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use url::Url;

use super::{
    Api,
    api::{ApiRequest, ResponseBody, outcome_unknown_error},
    statistics::health_url,
};
use crate::{
    Error, ErrorKind, ReconnectPolicy, Stage,
    driver::{BaseUrl, Endpoint},
    session::next_delay,
};

/// Delay before the first repetition, without jitter. The delay doubles with each further repetition.
const REPEAT_DELAY: Duration = Duration::from_millis(250);
/// Maximum delay between two attempts, without jitter. The delay is longer if the server sends a longer `Retry-After`,
/// or status 429 without `Retry-After`.
const REPEAT_DELAY_MAX: Duration = Duration::from_secs(5);
/// Time after which an unanswered write is repeated, if the servers support idempotency keys.
const RESPONSE_WAIT_MAX: Duration = Duration::from_secs(15);
/// Divisor of the call's time limit. The quotient replaces [`RESPONSE_WAIT_MAX`] if it is shorter, so that a short
/// limit leaves time for repetitions.
const RESPONSE_WAIT_DIVISOR: u32 = 4;

/// Time after which all endpoints are asked again if one of them is not known to support idempotency keys.
const IDEMPOTENCY_RECHECK_DELAY: Duration = Duration::from_secs(600);
/// Shorter delay, which applies if the previous query was cut off by the time limit of its call.
const IDEMPOTENCY_RECHECK_DELAY_AFTER_CUT: Duration = Duration::from_secs(10);
/// Time limit for asking all endpoints. The result of the preceding write is delayed by up to this time.
const IDEMPOTENCY_QUERY_TIMEOUT: Duration = Duration::from_secs(1);

/// Kind of failed attempt, which determines whether the write may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailedAttemptKind {
    /// The server did not execute the write. Another attempt may succeed.
    NotExecuted,
    /// The server may have executed the write. Another attempt may succeed.
    OutcomeUnknown,
    /// The server may have executed the write. Another attempt would fail in the same way.
    PermanentWithUnknownOutcome,
    /// The server did not execute the write. Another attempt would fail in the same way.
    Permanent,
}

impl FailedAttemptKind {
    fn is_permanent(self) -> bool {
        matches!(self, Self::Permanent | Self::PermanentWithUnknownOutcome)
    }

    fn is_outcome_unknown(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::PermanentWithUnknownOutcome)
    }

    fn classify(error: &Error) -> Self {
        match (error.status(), error.stage()) {
            // The write was not executed, because no credentials could be obtained.
            (_, Some(Stage::Credentials)) if error.is_retryable() => Self::NotExecuted,
            (_, Some(Stage::Credentials)) => Self::Permanent,
            (Some(429), _) => Self::NotExecuted,
            // Proxies may send these statuses even though the server has received the write.
            (Some(408 | 502..=504 | 520..=524), _) => Self::OutcomeUnknown,
            (Some(500), _) => Self::PermanentWithUnknownOutcome,
            (None, Some(Stage::Network)) => Self::NotExecuted,
            (None, Some(Stage::Http)) if error.kind() == ErrorKind::ConnectFailed => Self::OutcomeUnknown,
            _ => Self::Permanent,
        }
    }
}

impl Api {
    /// Sends a write, and repeats it until it succeeds or fails permanently, or until the call's time limit expires.
    ///
    /// After an attempt whose outcome is unknown, the write is repeated only if every endpoint was known to support
    /// idempotency keys before the attempt, and a server confirms its support before the repetition.
    #[allow(clippy::disallowed_methods)] // the delays and the time limit of a call
    pub(super) async fn write_with_repetitions(
        &self,
        url: impl Fn(&BaseUrl) -> Url,
        request: ApiRequest,
    ) -> Result<ResponseBody, Error> {
        let deadline = Instant::now() + self.timeout;
        let mut outcome_unknown = false;
        for attempt in 1.. {
            // Support must be known before the attempt: a server that is upgraded after the attempt has never seen the
            // key.
            let supported = self.all_endpoints_support_idempotency();
            let error = match self.attempt_write(&url, &request, deadline).await {
                Ok(body) => {
                    self.learn_idempotency_support(deadline).await;
                    return Ok(body);
                }
                Err(error) => self.authenticator.redact(error),
            };
            let failure = FailedAttemptKind::classify(&error);
            outcome_unknown |= failure.is_outcome_unknown();
            let next_attempt_at = Instant::now() + delay_before_repetition(attempt, &error);
            let may_repeat = !failure.is_permanent()
                && next_attempt_at < deadline
                && (!outcome_unknown || (supported && self.confirm_idempotency_support(deadline).await));
            if !may_repeat {
                return Err(if outcome_unknown { outcome_unknown_error(&error) } else { error });
            }
            tracing::debug!(attempt, %error, "a REST call is repeated");
            sleep_until(next_attempt_at).await;
        }
        unreachable!("the loop ends with the time limit")
    }

    /// Sends the write once. The attempt ends early if there is no response for a while and a repetition is safe.
    #[allow(clippy::disallowed_methods)] // the time limit of an attempt
    async fn attempt_write(
        &self,
        url: &impl Fn(&BaseUrl) -> Url,
        request: &ApiRequest,
        deadline: Instant,
    ) -> Result<ResponseBody, Error> {
        let patience = RESPONSE_WAIT_MAX.min(self.timeout / RESPONSE_WAIT_DIVISOR);
        let patience_ends = async {
            sleep(patience).await;
            if !self.all_endpoints_support_idempotency() || !self.confirm_idempotency_support(deadline).await {
                std::future::pending::<()>().await;
            }
        };
        let attempt = async {
            tokio::select! {
                result = self.call_any_endpoint(url, request) => result,
                () = patience_ends => Err(no_response_error(patience)),
            }
        };
        timeout_at(deadline, attempt).await.unwrap_or_else(|_| Err(no_response_error(self.timeout)))
    }

    /// Returns `true` if every endpoint is known to support idempotency keys.
    fn all_endpoints_support_idempotency(&self) -> bool {
        self.endpoints.all().iter().all(|endpoint| endpoint.supports_idempotency_keys.load(Ordering::Relaxed))
    }

    /// Asks all endpoints whether they support idempotency keys, unless all of them are known to, or they were asked
    /// recently.
    #[allow(clippy::disallowed_methods)] // the time limit of the query
    async fn learn_idempotency_support(&self, deadline: Instant) {
        if self.all_endpoints_support_idempotency() {
            return;
        }
        let now = Instant::now();
        {
            let mut not_before = self.no_idempotency_query_before.lock().unwrap_or_else(PoisonError::into_inner);
            if not_before.is_some_and(|at| now < at) {
                return;
            }
            *not_before = Some(now + IDEMPOTENCY_RECHECK_DELAY);
        }
        let ask = async |endpoint: &Arc<Endpoint>| {
            let request = ApiRequest::get_without_credentials();
            let response = self.call_endpoint(endpoint, health_url(&endpoint.base_url), &request).await;
            let is_supported = reported_idempotency_support(&response) == Some(true);
            endpoint.supports_idempotency_keys.fetch_or(is_supported, Ordering::Relaxed);
        };
        let query_deadline = now + IDEMPOTENCY_QUERY_TIMEOUT;
        let queries = join_all(self.endpoints.all().iter().map(ask));
        if timeout_at(deadline.min(query_deadline), queries).await.is_err() && deadline < query_deadline {
            // The call left too little time for the answers.
            let mut not_before = self.no_idempotency_query_before.lock().unwrap_or_else(PoisonError::into_inner);
            *not_before = Some(now + IDEMPOTENCY_RECHECK_DELAY_AFTER_CUT);
        }
    }

    /// Waits until a server reports whether it supports idempotency keys. Returns `false` if it does not, or if the
    /// deadline expires first.
    #[allow(clippy::disallowed_methods)] // the delays between requests
    async fn confirm_idempotency_support(&self, deadline: Instant) -> bool {
        let request = ApiRequest::get_without_credentials();
        let confirm = async {
            for attempt in 1.. {
                let response = self.call_any_endpoint(&health_url, &request).await;
                if let Some(is_supported) = reported_idempotency_support(&response) {
                    return is_supported;
                }
                let Err(error) = response else { break };
                sleep(delay_before_repetition(attempt, &error)).await;
            }
            false
        };
        timeout_at(deadline, confirm).await.unwrap_or(false)
    }
}

/// Returns what the response to a health request reports about idempotency keys, or `None` if the server must be asked
/// again. The response of an unhealthy server has an error status, but contains the same report.
fn reported_idempotency_support(response: &Result<ResponseBody, Error>) -> Option<bool> {
    let body: &[u8] = match response {
        Ok(ResponseBody::Text { text, .. }) => text,
        Ok(ResponseBody::TooLarge) => &[],
        Err(error) => error.body().unwrap_or_default().as_bytes(),
    };
    let is_supported = serde_json::from_slice::<Value>(body).is_ok_and(|health| health["idempotency_keys"] == true);
    let is_final = response.as_ref().err().is_none_or(|error| FailedAttemptKind::classify(error).is_permanent());
    (is_supported || is_final).then_some(is_supported)
}

/// Returns the delay before attempt number `attempt + 1`.
#[allow(clippy::disallowed_methods)] // the jitter of a delay
fn delay_before_repetition(attempt: u32, error: &Error) -> Duration {
    let policy = ReconnectPolicy { delay: REPEAT_DELAY, max_delay: REPEAT_DELAY_MAX, ..ReconnectPolicy::default() };
    next_delay(&policy, attempt, &mut rand::rng()).max(error.retry_in().unwrap_or_default())
}

fn no_response_error(waited: Duration) -> Error {
    Error::connect_failed(Stage::Http, format!("no response within {} s", waited.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_classified_by_whether_the_write_may_have_been_executed() {
        let with_status = |status| Error::new(ErrorKind::Api, "refused").with_status(status);
        let at_stage = |stage| Error::connect_failed(stage, "failed");
        for (error, expected) in [
            (with_status(429), FailedAttemptKind::NotExecuted),
            (at_stage(Stage::Network), FailedAttemptKind::NotExecuted),
            (with_status(408), FailedAttemptKind::OutcomeUnknown),
            (with_status(502), FailedAttemptKind::OutcomeUnknown),
            (with_status(503), FailedAttemptKind::OutcomeUnknown),
            (with_status(504), FailedAttemptKind::OutcomeUnknown),
            (with_status(520), FailedAttemptKind::OutcomeUnknown),
            (at_stage(Stage::Http), FailedAttemptKind::OutcomeUnknown),
            (with_status(400), FailedAttemptKind::Permanent),
            (with_status(500), FailedAttemptKind::PermanentWithUnknownOutcome),
            (with_status(507), FailedAttemptKind::Permanent),
            (at_stage(Stage::Tls), FailedAttemptKind::Permanent),
            (at_stage(Stage::Credentials), FailedAttemptKind::NotExecuted),
            (with_status(503).with_stage(Stage::Credentials).with_retryable(true), FailedAttemptKind::NotExecuted),
            (at_stage(Stage::Credentials).with_retryable(false), FailedAttemptKind::Permanent),
        ] {
            assert_eq!(FailedAttemptKind::classify(&error), expected, "{error:?}");
        }
    }

    #[test]
    fn delay_respects_the_time_that_the_server_demands() {
        let error = Error::new(ErrorKind::RateLimited, "too many").with_retry_in(Duration::from_secs(7));
        assert_eq!(delay_before_repetition(1, &error), Duration::from_secs(7));
        assert!(delay_before_repetition(1, &Error::closed()) <= REPEAT_DELAY * 2);
        assert!(delay_before_repetition(60, &Error::closed()) <= REPEAT_DELAY_MAX * 2);
    }
}
