//! Rotation through the endpoints: the current endpoint, the next endpoint, and the state of each endpoint.

use std::time::Instant;

use super::{
    CredentialsReason,
    endpoint_auth::{CredentialChoice, CredentialsSource, EndpointAuth, LoginStatus, RefusalEvidence, RefusalReaction},
};
use crate::Error;

/// Credentials for the next attempt at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum NextCredentials {
    /// The same credentials as before.
    #[default]
    Same,
    /// New credentials from the same source, because the previous ones were rejected.
    Renewed,
    /// The other configured credentials, because the previous ones were refused.
    Switched,
}

#[derive(Debug)]
struct EndpointState {
    auth: EndpointAuth,
    was_ever_tried: bool,

    /// True if the address has been tried since the last stable connection.
    was_tried_since_stable: bool,
    /// Time before which the address must not be tried, because the server requested a pause or probably limits
    /// attempts.
    no_attempt_before: Option<Instant>,
    /// True if the address is no longer tried, because it refuses credentials that another address accepts.
    is_abandoned: bool,
    next_credentials: NextCredentials,
    /// Refusal that caused the last switch of credentials at this address. `None` after a stable connection.
    previous_credentials_refusal: Option<Error>,
}

/// All endpoints, in the order in which they are tried. One of them is current: it is in use or will be tried next.
#[derive(Debug)]
pub(crate) struct EndpointRotation {
    endpoints: Vec<EndpointState>,
    current: usize,
    /// Number of failures, at any address, that a restart of the server could explain, since the credentials were last
    /// accepted or switched. The first of them was an unclear refusal. Failures that are not refusals count only during
    /// a first connection that is not retried.
    restart_like_failure_count: u32,
}

/// Value of `restart_like_failure_count` at which the credentials are blamed rather than a restart of the server.
const RESTART_LIKE_FAILURES_MAX: u32 = 4;
/// Same as [`RESTART_LIKE_FAILURES_MAX`], but applies while other credentials can still be tried.
const RESTART_LIKE_FAILURES_BEFORE_CREDENTIAL_SWITCH: u32 = 3;

impl EndpointRotation {
    pub(crate) fn new(count: usize, source: CredentialsSource, has_spare_api_key: bool) -> Self {
        let endpoint = || EndpointState {
            auth: EndpointAuth::new(source, has_spare_api_key),
            was_ever_tried: false,
            was_tried_since_stable: false,
            no_attempt_before: None,
            is_abandoned: false,
            next_credentials: NextCredentials::default(),
            previous_credentials_refusal: None,
        };
        Self {
            endpoints: std::iter::repeat_with(endpoint).take(count.max(1)).collect(),
            current: 0,
            restart_like_failure_count: 0,
        }
    }

    /// Returns the index of the current address.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// Records that the current address accepts the credentials.
    pub(crate) fn on_auth_confirmed(&mut self) {
        self.restart_like_failure_count = 0;
        self.endpoints[self.current].auth.on_accepted();
    }

    pub(crate) fn has_current_accepted_credentials(&self) -> bool {
        self.endpoints[self.current].auth.has_been_accepted()
    }

    /// Returns the choice of credentials for the current address.
    pub(crate) fn credential_choice(&self) -> CredentialChoice {
        self.endpoints[self.current].auth.choice()
    }

    /// Returns `true` if the next attempt at the current address uses credentials different from those of the previous
    /// attempt.
    pub(crate) fn uses_new_credentials_next(&self) -> bool {
        self.endpoints[self.current].next_credentials != NextCredentials::Same
    }

    /// Returns the refusal of the credentials that the client no longer uses at the current address, if there is one.
    pub(crate) fn previous_credentials_refusal(&self) -> Option<&Error> {
        self.endpoints[self.current].previous_credentials_refusal.as_ref()
    }

    /// Records the start of an attempt at the current address and returns the reason for requesting credentials.
    /// `connecting` is true if no connection has been made yet.
    pub(crate) fn record_attempt(&mut self, connecting: bool) -> CredentialsReason {
        let endpoint = &mut self.endpoints[self.current];
        endpoint.was_tried_since_stable = true;
        let was_tried = std::mem::replace(&mut endpoint.was_ever_tried, true);
        match std::mem::take(&mut endpoint.next_credentials) {
            NextCredentials::Renewed => CredentialsReason::Rejected,
            NextCredentials::Switched if connecting => CredentialsReason::First,
            NextCredentials::Same if connecting && !was_tried => CredentialsReason::First,
            _ => CredentialsReason::Reconnect,
        }
    }

    /// Returns `true` if at least one address that is not abandoned has not been tried since the last stable
    /// connection.
    pub(crate) fn has_untried_endpoint(&self) -> bool {
        self.endpoints.iter().any(|endpoint| !endpoint.was_tried_since_stable && !endpoint.is_abandoned)
    }

    /// Returns `true` if the current address has not been tried since the last stable connection.
    pub(crate) fn is_current_untried(&self) -> bool {
        !self.endpoints[self.current].was_tried_since_stable
    }

    /// Records that the connection is stable. If the connection is lost later, every other address counts as untried.
    pub(crate) fn on_stable_connection(&mut self) {
        let current = &mut self.endpoints[self.current];
        current.auth.on_stable_connection();
        current.previous_credentials_refusal = None;
        for (at, endpoint) in self.endpoints.iter_mut().enumerate() {
            endpoint.was_tried_since_stable = at == self.current;
        }
    }

    /// Forbids attempts at the current address before `until`.
    pub(crate) fn forbid_attempts_until(&mut self, until: Instant) {
        self.endpoints[self.current].no_attempt_before = Some(until);
    }

    /// Returns the time before which the current address must not be tried, if such a time is set.
    pub(crate) fn no_attempt_before(&self) -> Option<Instant> {
        self.endpoints[self.current].no_attempt_before
    }

    /// Moves on to the next address that may be tried now, or else to the address that may be tried soonest. Stays at
    /// the current address if new credentials are about to be tried there.
    pub(crate) fn select_next(&mut self, now: Instant) {
        if self.uses_new_credentials_next() {
            return;
        }
        let count = self.endpoints.len();
        let others = (1..=count).map(|step| (self.current + step) % count);
        let usable = others.filter(|at| !self.endpoints[*at].is_abandoned);
        // `min_by_key` returns the first of several equal elements.
        let next = usable.min_by_key(|at| self.endpoints[*at].no_attempt_before.filter(|until| *until > now));
        self.current = next.unwrap_or(self.current);
    }

    /// Returns `true` if there were unclear refusals, but not enough of them to rule out a restart of the server.
    pub(crate) fn may_be_restarting(&self) -> bool {
        (1..RESTART_LIKE_FAILURES_MAX).contains(&self.restart_like_failure_count)
    }

    /// Records a failure that is not a refusal. After an unclear refusal, the failure counts as another unclear
    /// refusal, because the server may be restarting.
    pub(crate) fn on_failure_without_refusal(&mut self) {
        self.restart_like_failure_count =
            self.restart_like_failure_count.saturating_add(u32::from(self.restart_like_failure_count > 0));
    }

    /// Records a possible refusal of the credentials at the current address, and returns the reaction.
    pub(crate) fn on_refused(
        &mut self,
        evidence: RefusalEvidence,
        login_status: LoginStatus,
        error: &Error,
    ) -> RefusalReaction {
        let others =
            self.endpoints.iter().enumerate().filter(|(at, endpoint)| *at != self.current && !endpoint.is_abandoned);
        let accepted_elsewhere = others.into_iter().any(|(_, endpoint)| endpoint.auth.has_been_accepted());
        let unclear = matches!(evidence, RefusalEvidence::Ambiguous | RefusalEvidence::Interrupted);
        self.restart_like_failure_count = self.restart_like_failure_count.saturating_add(u32::from(unclear));
        let endpoint = &mut self.endpoints[self.current];
        let limit = if endpoint.auth.can_switch_credentials() {
            RESTART_LIKE_FAILURES_BEFORE_CREDENTIAL_SWITCH
        } else {
            RESTART_LIKE_FAILURES_MAX
        };
        let may_be_restart = self.restart_like_failure_count < limit;
        let verdict = endpoint.auth.on_refused(evidence, login_status, accepted_elsewhere, may_be_restart);
        endpoint.is_abandoned |= verdict == RefusalReaction::AbandonEndpoint;
        endpoint.next_credentials = match verdict {
            RefusalReaction::RenewCredentials => NextCredentials::Renewed,
            RefusalReaction::SwitchCredentials => NextCredentials::Switched,
            _ => NextCredentials::Same,
        };
        if verdict == RefusalReaction::SwitchCredentials {
            endpoint.previous_credentials_refusal = Some(error.clone());
            self.restart_like_failure_count = 0;
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn three_endpoints() -> (EndpointRotation, Instant) {
        (EndpointRotation::new(3, CredentialsSource::Fixed, false), Instant::now())
    }

    #[test]
    fn endpoints_are_tried_in_turn() {
        let (mut endpoints, now) = three_endpoints();
        for wanted in [0, 1, 2, 0, 1] {
            assert_eq!(endpoints.current(), wanted);
            endpoints.record_attempt(true);
            endpoints.select_next(now);
        }
    }

    #[test]
    fn an_address_that_requested_a_pause_is_skipped() {
        let (mut endpoints, now) = three_endpoints();
        endpoints.select_next(now);
        endpoints.forbid_attempts_until(now + Duration::from_secs(60));
        endpoints.select_next(now);
        endpoints.select_next(now);
        endpoints.select_next(now);
        assert_eq!(endpoints.current(), 2, "address 1 is skipped");
        endpoints.forbid_attempts_until(now + Duration::from_secs(20));
        endpoints.select_next(now);
        endpoints.forbid_attempts_until(now + Duration::from_secs(40));
        endpoints.select_next(now);
        assert_eq!(
            (endpoints.current(), endpoints.no_attempt_before()),
            (2, Some(now + Duration::from_secs(20))),
            "the address that may be tried soonest"
        );
        endpoints.select_next(now + Duration::from_secs(70));
        assert_eq!(endpoints.current(), 0, "all pauses are over");
    }

    #[test]
    fn each_endpoint_is_untried_once_per_outage() {
        let (mut endpoints, now) = three_endpoints();
        assert_eq!(endpoints.record_attempt(true), CredentialsReason::First);
        assert!(endpoints.has_untried_endpoint());
        for _ in 0..2 {
            endpoints.select_next(now);
            assert!(endpoints.is_current_untried());
            assert_eq!(endpoints.record_attempt(true), CredentialsReason::First);
        }
        assert!(!endpoints.has_untried_endpoint());
        endpoints.select_next(now);
        assert!(!endpoints.is_current_untried());
        assert_eq!(endpoints.record_attempt(true), CredentialsReason::Reconnect);
        endpoints.on_stable_connection();
        endpoints.select_next(now);
        assert!(endpoints.is_current_untried());
        assert_eq!(
            endpoints.record_attempt(true),
            CredentialsReason::Reconnect,
            "untried since the outage, but tried before"
        );
    }

    #[test]
    fn an_abandoned_address_is_not_tried_again() {
        let (mut endpoints, now) = three_endpoints();
        let refused = |endpoints: &mut EndpointRotation| {
            endpoints.on_refused(RefusalEvidence::Stated, LoginStatus::default(), &Error::closed())
        };
        endpoints.on_auth_confirmed();
        for _ in 0..2 {
            endpoints.select_next(now);
            assert_eq!(refused(&mut endpoints), RefusalReaction::AbandonEndpoint);
        }
        endpoints.select_next(now);
        assert_eq!(endpoints.current(), 0);
        endpoints.select_next(now);
        assert_eq!(endpoints.current(), 0, "the only remaining address");
        assert_eq!(refused(&mut endpoints), RefusalReaction::EndClient);
    }
}
