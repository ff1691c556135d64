//! Rotation through the endpoints: which one is in use, which one is next, and what is known about each.

use std::time::Instant;

use super::{
    CredentialsReason,
    auth::{Auth, Certainty, CredentialChoice, CredentialStatus, CredentialsSource, Verdict},
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
    /// The other configured credentials, which have not been tried at this address.
    Other,
}

/// State of one endpoint.
#[derive(Debug)]
struct EndpointState {
    auth: Auth,
    /// True if the address has ever been tried.
    known: bool,

    /// True if the address has been tried since the last stable connection.
    tried: bool,
    /// Time before which the server at this address wants no attempt.
    not_before: Option<Instant>,
    /// True if the address is no longer tried, because it refuses credentials that another address accepts.
    left_out: bool,
    next_credentials: NextCredentials,
    /// Refusal of the credentials that the client no longer uses at this address.
    earlier_refusal: Option<Error>,
}

/// All endpoints, in the order in which they are tried. One of them is current: it is in use or tried next.
#[derive(Debug)]
pub(crate) struct EndpointRotation {
    all: Vec<EndpointState>,
    current: usize,
    /// Number of consecutive refusals, at any address, that restarts of the server may explain.
    unclear_refusals: u32,
}

/// Number of consecutive unclear refusals after which the credentials are blamed rather than a restart of the server.
const UNCLEAR_REFUSALS_MAX: u32 = 4;
/// Like [`UNCLEAR_REFUSALS_MAX`], if other credentials can be tried.
const UNCLEAR_REFUSALS_BEFORE_OTHER: u32 = 3;

impl EndpointRotation {
    pub(crate) fn new(count: usize, source: CredentialsSource, has_spare_key: bool) -> Self {
        let endpoint = || EndpointState {
            auth: Auth::new(source, has_spare_key),
            known: false,
            tried: false,
            not_before: None,
            left_out: false,
            next_credentials: NextCredentials::default(),
            earlier_refusal: None,
        };
        Self { all: std::iter::repeat_with(endpoint).take(count.max(1)).collect(), current: 0, unclear_refusals: 0 }
    }

    /// Returns the index of the current address.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// Records that the current address accepts the credentials.
    pub(crate) fn auth_confirmed(&mut self) {
        self.unclear_refusals = 0;
        self.all[self.current].auth.confirmed();
    }

    /// Returns `true` if the current address has accepted the credentials before.
    pub(crate) fn has_let_us_in(&self) -> bool {
        self.all[self.current].auth.has_worked()
    }

    /// Returns the choice of credentials for the current address.
    pub(crate) fn credential_choice(&self) -> CredentialChoice {
        self.all[self.current].auth.choice()
    }

    /// Returns `true` if the next attempt at the current address uses other credentials than the last one.
    pub(crate) fn has_new_credentials(&self) -> bool {
        self.all[self.current].next_credentials != NextCredentials::Same
    }

    /// Returns the current address's refusal of the credentials that the client no longer uses there.
    pub(crate) fn earlier_refusal(&self) -> Option<&Error> {
        self.all[self.current].earlier_refusal.as_ref()
    }

    /// Records the start of an attempt at the current address and returns the reason for its credentials. `connecting`
    /// is true if there has been no connection yet.
    pub(crate) fn dial(&mut self, connecting: bool) -> CredentialsReason {
        let endpoint = &mut self.all[self.current];
        endpoint.tried = true;
        let known = std::mem::replace(&mut endpoint.known, true);
        match std::mem::take(&mut endpoint.next_credentials) {
            NextCredentials::Renewed => CredentialsReason::Rejected,
            NextCredentials::Other if connecting => CredentialsReason::First,
            NextCredentials::Same if connecting && !known => CredentialsReason::First,
            _ => CredentialsReason::Reconnect,
        }
    }

    /// Returns `true` if any address has not been tried since the last stable connection.
    pub(crate) fn has_untried(&self) -> bool {
        self.all.iter().any(|endpoint| !endpoint.tried && !endpoint.left_out)
    }

    /// Returns `true` if the current address has not been tried since the last stable connection.
    pub(crate) fn is_untried(&self) -> bool {
        !self.all[self.current].tried
    }

    /// Records that the connection is stable. If it is lost, every other address counts as untried.
    pub(crate) fn stable(&mut self) {
        let current = &mut self.all[self.current];
        current.auth.stable();
        current.earlier_refusal = None;
        for (at, endpoint) in self.all.iter_mut().enumerate() {
            endpoint.tried = at == self.current;
        }
    }

    /// Allows no attempt at the current address before `until`.
    pub(crate) fn hold(&mut self, until: Instant) {
        self.all[self.current].not_before = Some(until);
    }

    /// Returns the time before which the current address must not be tried, if there is one.
    pub(crate) fn not_before(&self) -> Option<Instant> {
        self.all[self.current].not_before
    }

    /// Moves on to the next address that may be tried now, or else to the one that may be tried soonest. Stays at the
    /// current address if new credentials are about to be tried there.
    pub(crate) fn advance(&mut self, now: Instant) {
        if self.has_new_credentials() {
            return;
        }
        let count = self.all.len();
        let others = (1..=count).map(|step| (self.current + step) % count);
        let usable = others.filter(|at| !self.all[*at].left_out);
        // `min_by_key` returns the first of several equal elements.
        let next = usable.min_by_key(|at| self.all[*at].not_before.filter(|until| *until > now));
        self.current = next.unwrap_or(self.current);
    }

    /// Returns `true` if there were refusals, but not enough of them to rule out a restart of the server.
    pub(crate) fn is_unclear(&self) -> bool {
        (1..UNCLEAR_REFUSALS_MAX).contains(&self.unclear_refusals)
    }

    /// Records a failure other than a refusal. After an unclear refusal it counts as another one, because the server
    /// may be restarting.
    pub(crate) fn failed(&mut self) {
        self.unclear_refusals = self.unclear_refusals.saturating_add(u32::from(self.unclear_refusals > 0));
    }

    /// Records that the current address refuses the credentials, and returns the reaction.
    pub(crate) fn refused(&mut self, certainty: Certainty, status: CredentialStatus, error: &Error) -> Verdict {
        let others = self.all.iter().enumerate().filter(|(at, endpoint)| *at != self.current && !endpoint.left_out);
        let elsewhere = others.into_iter().any(|(_, endpoint)| endpoint.auth.has_worked());
        let unclear = matches!(certainty, Certainty::Ambiguous | Certainty::Interrupted);
        self.unclear_refusals = self.unclear_refusals.saturating_add(u32::from(unclear));
        let endpoint = &mut self.all[self.current];
        let limit = if endpoint.auth.has_other() { UNCLEAR_REFUSALS_BEFORE_OTHER } else { UNCLEAR_REFUSALS_MAX };
        let may_retry = self.unclear_refusals < limit;
        let verdict = endpoint.auth.refused(certainty, status, elsewhere, may_retry);
        endpoint.left_out |= verdict == Verdict::Next;
        endpoint.next_credentials = match verdict {
            Verdict::Again => NextCredentials::Renewed,
            Verdict::Other => NextCredentials::Other,
            _ => NextCredentials::Same,
        };
        if verdict == Verdict::Other {
            endpoint.earlier_refusal = Some(error.clone());
            self.unclear_refusals = 0;
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn three() -> (EndpointRotation, Instant) {
        (EndpointRotation::new(3, CredentialsSource::Fixed, false), Instant::now())
    }

    #[test]
    fn they_are_tried_in_turn() {
        let (mut endpoints, now) = three();
        for wanted in [0, 1, 2, 0, 1] {
            assert_eq!(endpoints.current(), wanted);
            endpoints.dial(true);
            endpoints.advance(now);
        }
    }

    #[test]
    fn an_address_that_requested_a_pause_is_skipped() {
        let (mut endpoints, now) = three();
        endpoints.advance(now);
        endpoints.hold(now + Duration::from_secs(60));
        endpoints.advance(now);
        endpoints.advance(now);
        endpoints.advance(now);
        assert_eq!(endpoints.current(), 2, "0, not 1, 2");
        endpoints.hold(now + Duration::from_secs(20));
        endpoints.advance(now);
        endpoints.hold(now + Duration::from_secs(40));
        endpoints.advance(now);
        assert_eq!(
            (endpoints.current(), endpoints.not_before()),
            (2, Some(now + Duration::from_secs(20))),
            "the soonest"
        );
        endpoints.advance(now + Duration::from_secs(70));
        assert_eq!(endpoints.current(), 0, "in turn again");
    }

    #[test]
    fn each_is_new_once_in_an_outage() {
        let (mut endpoints, now) = three();
        assert_eq!(endpoints.dial(true), CredentialsReason::First);
        assert!(endpoints.has_untried());
        for _ in 0..2 {
            endpoints.advance(now);
            assert!(endpoints.is_untried());
            assert_eq!(endpoints.dial(true), CredentialsReason::First);
        }
        assert!(!endpoints.has_untried());
        endpoints.advance(now);
        assert!(!endpoints.is_untried());
        assert_eq!(endpoints.dial(true), CredentialsReason::Reconnect);
        endpoints.stable();
        endpoints.advance(now);
        assert!(endpoints.is_untried());
        assert_eq!(endpoints.dial(true), CredentialsReason::Reconnect, "new again, but known");
    }

    #[test]
    fn an_address_that_refuses_accepted_credentials_is_not_tried_again() {
        let (mut endpoints, now) = three();
        let refused = |endpoints: &mut EndpointRotation| {
            endpoints.refused(Certainty::Said, CredentialStatus::default(), &Error::closed())
        };
        endpoints.auth_confirmed();
        for _ in 0..2 {
            endpoints.advance(now);
            assert_eq!(refused(&mut endpoints), Verdict::Next);
        }
        endpoints.advance(now);
        assert_eq!(endpoints.current(), 0);
        endpoints.advance(now);
        assert_eq!(endpoints.current(), 0, "the only one that is left");
        assert_eq!(refused(&mut endpoints), Verdict::End);
    }
}
