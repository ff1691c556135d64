//! Reaction to refused credentials: renew them, switch to others, retry later, or give up.

use std::time::Duration;

/// Source of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialsSource {
    /// A key or cookie that never changes, or no credentials at all.
    Fixed,
    /// A login form or the user's provider. Both can supply new credentials.
    Renewable,
}

/// Choice among the configured credentials for the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CredentialChoice {
    /// The session or the login, or the API key if neither is configured.
    #[default]
    Primary,
    /// The API key, if it is configured in addition to a session or a login.
    SpareKey,
}

/// Information about an attempt's credentials that is available before they are used on the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CredentialStatus {
    /// True if the server's login form has just accepted them.
    pub(crate) just_accepted: bool,
}

/// Certainty that a refusal concerns the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// The server stated that the credentials are the reason.
    Said,
    /// The credentials source reported the refusal and has no other credentials.
    Final,
    /// The login form does not exist. A proxy may also report this while the server is down.
    NoLogin,
    /// The server disconnected before the acknowledgement, or refused without a known reason. Deployed servers
    /// disconnect for bad credentials, when an address reaches their limit of connection attempts, and possibly during
    /// a restart.
    Ambiguous,
    /// The connection ended right after its acknowledgement. This also happens when a server restarts.
    Interrupted,
}

/// Reaction to a refusal that may concern the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// End the client with `authentication_failed`.
    End,
    /// Request new credentials from the source, stating that the previous ones were rejected.
    Again,
    /// Try this address again with the other configured credentials.
    Other,
    /// Retry with the delays of the reconnection policy, because the cause is still uncertain.
    Retry,
    /// Retry after this pause, because the cause is probably a rate limit.
    Hold(Duration),
    /// Stop using this address and try the others.
    Next,
}

/// Pause after a suspected lockout. Deployed servers count attempts over 60 s; one second is added for clock
/// differences.
const LOCKOUT_PAUSE: Duration = Duration::from_secs(61);

/// State of the credentials at one address, across all attempts.
#[derive(Debug)]
pub(crate) struct Auth {
    source: CredentialsSource,
    has_spare_key: bool,
    choice: CredentialChoice,
    /// True if the server has refused the other credentials since the last stable connection.
    other_refused: bool,
    confirmed: bool,
    rejections: u32,
    held: bool,
}

impl Auth {
    pub(crate) fn new(source: CredentialsSource, has_spare_key: bool) -> Self {
        let choice = CredentialChoice::Primary;
        Self { source, has_spare_key, choice, other_refused: false, confirmed: false, rejections: 0, held: false }
    }

    /// Returns the credentials to use for the next attempt.
    pub(crate) fn choice(&self) -> CredentialChoice {
        self.choice
    }

    /// Returns `true` if other credentials are configured and the server has not refused them.
    pub(crate) fn has_other(&self) -> bool {
        self.has_spare_key && !self.other_refused
    }

    /// Records a stable connection. The other credentials may be tried again, even if they were refused before.
    pub(crate) fn stable(&mut self) {
        self.other_refused = false;
    }

    /// Records that the server accepts the credentials.
    pub(crate) fn confirmed(&mut self) {
        (self.confirmed, self.rejections, self.held) = (true, 0, false);
    }

    /// Returns `true` if the server has accepted the credentials before.
    pub(crate) fn has_worked(&self) -> bool {
        self.confirmed
    }

    /// Records a refusal and returns the reaction.
    ///
    /// `elsewhere` is true if another address has accepted the credentials. `may_retry` is true if the refusal may
    /// still be explained by a restart of the server.
    pub(crate) fn refused(
        &mut self,
        certainty: Certainty,
        status: CredentialStatus,
        elsewhere: bool,
        may_retry: bool,
    ) -> Verdict {
        let verdict = self.judge(certainty, status, elsewhere, may_retry);
        if !matches!(verdict, Verdict::End | Verdict::Next) || !self.has_other() {
            return verdict;
        }
        self.choice = match self.choice {
            CredentialChoice::Primary => CredentialChoice::SpareKey,
            CredentialChoice::SpareKey => CredentialChoice::Primary,
        };
        self.other_refused = certainty != Certainty::NoLogin;
        (self.confirmed, self.rejections) = (false, 0);
        Verdict::Other
    }

    /// Returns the reaction to a refusal, without considering the other credentials.
    fn judge(&mut self, certainty: Certainty, status: CredentialStatus, elsewhere: bool, may_retry: bool) -> Verdict {
        let source = match self.choice {
            CredentialChoice::Primary => self.source,
            CredentialChoice::SpareKey => CredentialsSource::Fixed,
        };
        let is_final = matches!(certainty, Certainty::Final | Certainty::NoLogin);
        if certainty == Certainty::Interrupted && may_retry {
            return Verdict::Retry;
        }
        self.rejections += 1;
        if certainty != Certainty::Said && !is_final {
            if status.just_accepted {
                return Verdict::Hold(LOCKOUT_PAUSE);
            }
            let exhausted = source == CredentialsSource::Fixed || self.rejections > 1;
            if exhausted && (self.confirmed || elsewhere) && !self.held {
                self.held = true;
                return Verdict::Hold(LOCKOUT_PAUSE);
            }
        }
        if source == CredentialsSource::Renewable && self.rejections <= 1 && !is_final {
            return Verdict::Again;
        }
        if certainty == Certainty::Ambiguous && may_retry {
            return Verdict::Retry;
        }
        if elsewhere && !self.confirmed { Verdict::Next } else { Verdict::End }
    }
}

#[cfg(test)]
mod tests {
    use super::{Certainty::*, CredentialsSource::*, *};

    const FRESH: CredentialStatus = CredentialStatus { just_accepted: true };
    const PLAIN: CredentialStatus = CredentialStatus { just_accepted: false };

    #[test]
    fn a_fixed_key_that_never_worked_ends_at_once() {
        assert_eq!(Auth::new(Fixed, false).refused(Said, PLAIN, false, false), Verdict::End);
        assert_eq!(Auth::new(Fixed, false).refused(Ambiguous, PLAIN, false, false), Verdict::End);
    }

    #[test]
    fn a_provider_is_asked_once_more() {
        let mut auth = Auth::new(Renewable, false);
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Again);
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::End);
        let mut auth = Auth::new(Renewable, false);
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::Again);
        auth.confirmed();
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Again);
    }

    #[test]
    fn a_source_without_other_credentials_is_not_asked_again() {
        assert_eq!(Auth::new(Renewable, false).refused(Final, PLAIN, false, false), Verdict::End);
        assert_eq!(Auth::new(Renewable, false).refused(Final, PLAIN, true, false), Verdict::Next);
    }

    #[test]
    fn an_ambiguous_refusal_of_what_has_worked_waits_out_a_lockout_once() {
        let mut auth = Auth::new(Fixed, false);
        auth.confirmed();
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::Hold(LOCKOUT_PAUSE));
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::End);
        let mut auth = Auth::new(Fixed, false);
        auth.confirmed();
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::End);
    }

    #[test]
    fn an_address_that_refuses_accepted_credentials_is_given_up() {
        assert_eq!(Auth::new(Fixed, false).refused(Said, PLAIN, true, false), Verdict::Next);
        let mut auth = Auth::new(Fixed, false);
        assert_eq!(auth.refused(Ambiguous, PLAIN, true, false), Verdict::Hold(LOCKOUT_PAUSE), "it may be a lockout");
        assert_eq!(auth.refused(Ambiguous, PLAIN, true, false), Verdict::Next);
        let mut auth = Auth::new(Fixed, false);
        auth.confirmed();
        assert_eq!(auth.refused(Said, PLAIN, true, false), Verdict::End, "withdrawn");
    }

    #[test]
    fn a_possible_restart_is_retried_before_it_counts() {
        let mut auth = Auth::new(Fixed, false);
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, true), Verdict::Retry);
        assert_eq!(auth.refused(Interrupted, FRESH, false, true), Verdict::Retry);
        assert_eq!(auth.refused(Interrupted, PLAIN, false, false), Verdict::End);
        assert_eq!(Auth::new(Fixed, false).refused(Said, PLAIN, false, true), Verdict::End);
    }

    #[test]
    fn a_login_that_was_just_accepted_is_not_what_was_refused() {
        let mut auth = Auth::new(Renewable, false);
        for _ in 0..3 {
            assert_eq!(auth.refused(Ambiguous, FRESH, false, false), Verdict::Hold(LOCKOUT_PAUSE));
        }
    }

    #[test]
    fn a_spare_key_takes_the_place_of_what_was_refused_and_the_other_way_around() {
        let mut auth = Auth::new(Fixed, true);
        auth.confirmed();
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Other);
        assert_eq!(auth.choice(), CredentialChoice::SpareKey);
        auth.confirmed();
        auth.stable();
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Other);
        assert_eq!(auth.choice(), CredentialChoice::Primary);
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::End, "both");
    }

    #[test]
    fn a_login_is_renewed_before_the_key_is_used_and_the_key_never() {
        let mut auth = Auth::new(Renewable, true);
        let verdicts: Vec<_> = (0..3).map(|_| auth.refused(Said, PLAIN, false, false)).collect();
        assert_eq!(verdicts, [Verdict::Again, Verdict::Other, Verdict::End]);
    }

    #[test]
    fn a_lockout_is_waited_out_before_the_key_is_used() {
        let mut auth = Auth::new(Fixed, true);
        auth.confirmed();
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, true), Verdict::Hold(LOCKOUT_PAUSE));
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, true), Verdict::Retry);
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::Other);
    }

    #[test]
    fn a_missing_login_form_is_looked_for_once_more() {
        let mut auth = Auth::new(Renewable, true);
        assert_eq!(auth.refused(NoLogin, PLAIN, false, false), Verdict::Other);
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Other);
        assert_eq!(auth.choice(), CredentialChoice::Primary);
        assert_eq!(auth.refused(NoLogin, PLAIN, false, false), Verdict::End);
    }
}
