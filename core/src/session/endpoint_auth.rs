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
    /// The provider's answer, the session or the login, or the API key if none of these is configured.
    #[default]
    Primary,
    /// The API key if it is configured in addition to a session or a login.
    SpareKey,
}

/// Information about a connection attempt's credentials, known before they are used on the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LoginStatus {
    /// True if the server's login form has just accepted the credentials.
    pub(crate) has_just_logged_in: bool,
}

/// Evidence that a refusal concerns the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalEvidence {
    /// The server gave the credentials as the reason for the refusal.
    Stated,
    /// The credentials source reported the refusal and has no other credentials.
    SourceExhausted,
    /// The server answered that it has no login form. A proxy may give the same answer while the server is down.
    NoLoginForm,
    /// The server disconnected before it acknowledged the namespace, or refused the client without a known reason.
    /// Deployed servers disconnect clients with bad credentials, clients that exceed the limit on connection attempts,
    /// and possibly all clients during a restart.
    Ambiguous,
    /// The connection ended right after the namespace was acknowledged. This also happens when a server restarts.
    Interrupted,
}

/// Reaction to a refusal that may concern the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalReaction {
    /// End the client with the refusal's error.
    EndClient,
    /// Request new credentials from the source, stating that the previous ones were rejected.
    RenewCredentials,
    /// Try this address again with the other configured credentials.
    SwitchCredentials,
    /// Retry with the delays of the reconnection policy, because the cause is still uncertain.
    Retry,
    /// Retry after this pause, because the cause is probably a rate limit.
    WaitOutLockout(Duration),
    /// Stop using this address and try the others.
    AbandonEndpoint,
}

/// Pause after a suspected lockout: deployed servers count attempts over 60 s, and 1 s is added for clock differences.
const LOCKOUT_PAUSE: Duration = Duration::from_secs(61);

/// State of the credentials at one address, across all attempts.
#[derive(Debug)]
pub(crate) struct EndpointAuth {
    source: CredentialsSource,
    has_spare_api_key: bool,
    choice: CredentialChoice,
    /// True if the server has refused the other credentials since the last stable connection.
    is_other_choice_refused: bool,
    has_been_accepted: bool,
    refusal_count: u32,
    has_waited_out_lockout: bool,
}

impl EndpointAuth {
    pub(crate) fn new(source: CredentialsSource, has_spare_api_key: bool) -> Self {
        let choice = CredentialChoice::Primary;
        Self {
            source,
            has_spare_api_key,
            choice,
            is_other_choice_refused: false,
            has_been_accepted: false,
            refusal_count: 0,
            has_waited_out_lockout: false,
        }
    }

    /// Returns the credentials to use for the next attempt.
    pub(crate) fn choice(&self) -> CredentialChoice {
        self.choice
    }

    /// Returns `true` if other credentials are configured and have not been refused since the last stable connection.
    pub(crate) fn can_switch_credentials(&self) -> bool {
        self.has_spare_api_key && !self.is_other_choice_refused
    }

    /// Records a stable connection. The other credentials may be tried again, even if they were refused before.
    pub(crate) fn on_stable_connection(&mut self) {
        self.is_other_choice_refused = false;
    }

    pub(crate) fn on_accepted(&mut self) {
        (self.has_been_accepted, self.refusal_count, self.has_waited_out_lockout) = (true, 0, false);
    }

    /// Returns `true` if the server has accepted the credentials before.
    pub(crate) fn has_been_accepted(&self) -> bool {
        self.has_been_accepted
    }

    /// Records a refusal and returns the reaction.
    ///
    /// `accepted_elsewhere` is true if another address has accepted the credentials. `may_be_restart` is true if a
    /// restart of the server may still explain the refusal.
    pub(crate) fn on_refused(
        &mut self,
        evidence: RefusalEvidence,
        login_status: LoginStatus,
        accepted_elsewhere: bool,
        may_be_restart: bool,
    ) -> RefusalReaction {
        let verdict =
            self.react_without_switching_credentials(evidence, login_status, accepted_elsewhere, may_be_restart);
        if !matches!(verdict, RefusalReaction::EndClient | RefusalReaction::AbandonEndpoint)
            || !self.can_switch_credentials()
        {
            return verdict;
        }
        self.choice = match self.choice {
            CredentialChoice::Primary => CredentialChoice::SpareKey,
            CredentialChoice::SpareKey => CredentialChoice::Primary,
        };
        self.is_other_choice_refused = evidence != RefusalEvidence::NoLoginForm;
        (self.has_been_accepted, self.refusal_count) = (false, 0);
        RefusalReaction::SwitchCredentials
    }

    /// Returns the reaction to a refusal, without considering the other credentials.
    fn react_without_switching_credentials(
        &mut self,
        evidence: RefusalEvidence,
        login_status: LoginStatus,
        accepted_elsewhere: bool,
        may_be_restart: bool,
    ) -> RefusalReaction {
        let source = match self.choice {
            CredentialChoice::Primary => self.source,
            CredentialChoice::SpareKey => CredentialsSource::Fixed,
        };
        let no_more_from_source = matches!(evidence, RefusalEvidence::SourceExhausted | RefusalEvidence::NoLoginForm);
        if evidence == RefusalEvidence::Interrupted && may_be_restart {
            return RefusalReaction::Retry;
        }
        self.refusal_count += 1;
        if evidence != RefusalEvidence::Stated && !no_more_from_source {
            if login_status.has_just_logged_in {
                return RefusalReaction::WaitOutLockout(LOCKOUT_PAUSE);
            }
            let exhausted = source == CredentialsSource::Fixed || self.refusal_count > 1;
            if exhausted && (self.has_been_accepted || accepted_elsewhere) && !self.has_waited_out_lockout {
                self.has_waited_out_lockout = true;
                return RefusalReaction::WaitOutLockout(LOCKOUT_PAUSE);
            }
        }
        if source == CredentialsSource::Renewable && self.refusal_count <= 1 && !no_more_from_source {
            return RefusalReaction::RenewCredentials;
        }
        if evidence == RefusalEvidence::Ambiguous && may_be_restart {
            return RefusalReaction::Retry;
        }
        if accepted_elsewhere && !self.has_been_accepted {
            RefusalReaction::AbandonEndpoint
        } else {
            RefusalReaction::EndClient
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CredentialsSource::*, RefusalEvidence::*, RefusalReaction::*, *};

    const FRESH_LOGIN: LoginStatus = LoginStatus { has_just_logged_in: true };
    const NO_LOGIN: LoginStatus = LoginStatus { has_just_logged_in: false };

    #[test]
    fn a_fixed_key_that_never_worked_ends_the_client_at_once() {
        assert_eq!(EndpointAuth::new(Fixed, false).on_refused(Stated, NO_LOGIN, false, false), EndClient);
        assert_eq!(EndpointAuth::new(Fixed, false).on_refused(Ambiguous, NO_LOGIN, false, false), EndClient);
    }

    #[test]
    fn a_provider_is_asked_for_new_credentials_once() {
        let mut auth = EndpointAuth::new(Renewable, false);
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), RenewCredentials);
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), EndClient);
        let mut auth = EndpointAuth::new(Renewable, false);
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, false), RenewCredentials);
        auth.on_accepted();
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), RenewCredentials);
    }

    #[test]
    fn a_source_without_other_credentials_is_not_asked_again() {
        assert_eq!(EndpointAuth::new(Renewable, false).on_refused(SourceExhausted, NO_LOGIN, false, false), EndClient);
        assert_eq!(
            EndpointAuth::new(Renewable, false).on_refused(SourceExhausted, NO_LOGIN, true, false),
            AbandonEndpoint
        );
    }

    #[test]
    fn an_ambiguous_refusal_of_working_credentials_waits_out_a_lockout_once() {
        let mut auth = EndpointAuth::new(Fixed, false);
        auth.on_accepted();
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, false), WaitOutLockout(LOCKOUT_PAUSE));
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, false), EndClient);
        let mut auth = EndpointAuth::new(Fixed, false);
        auth.on_accepted();
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), EndClient);
    }

    #[test]
    fn an_address_that_refuses_credentials_accepted_elsewhere_is_abandoned() {
        assert_eq!(EndpointAuth::new(Fixed, false).on_refused(Stated, NO_LOGIN, true, false), AbandonEndpoint);
        let mut auth = EndpointAuth::new(Fixed, false);
        assert_eq!(
            auth.on_refused(Ambiguous, NO_LOGIN, true, false),
            WaitOutLockout(LOCKOUT_PAUSE),
            "a lockout is possible"
        );
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, true, false), AbandonEndpoint);
        let mut auth = EndpointAuth::new(Fixed, false);
        auth.on_accepted();
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, true, false), EndClient, "the credentials have been revoked");
    }

    #[test]
    fn a_refusal_that_may_be_a_restart_is_retried_first() {
        let mut auth = EndpointAuth::new(Fixed, false);
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, true), Retry);
        assert_eq!(auth.on_refused(Interrupted, FRESH_LOGIN, false, true), Retry);
        assert_eq!(auth.on_refused(Interrupted, NO_LOGIN, false, false), EndClient);
        assert_eq!(EndpointAuth::new(Fixed, false).on_refused(Stated, NO_LOGIN, false, true), EndClient);
    }

    #[test]
    fn an_ambiguous_refusal_after_an_accepted_login_counts_as_a_lockout() {
        let mut auth = EndpointAuth::new(Renewable, false);
        for _ in 0..3 {
            assert_eq!(auth.on_refused(Ambiguous, FRESH_LOGIN, false, false), WaitOutLockout(LOCKOUT_PAUSE));
        }
    }

    #[test]
    fn refused_credentials_are_replaced_by_the_spare_key_and_vice_versa() {
        let mut auth = EndpointAuth::new(Fixed, true);
        auth.on_accepted();
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), SwitchCredentials);
        assert_eq!(auth.choice(), CredentialChoice::SpareKey);
        auth.on_accepted();
        auth.on_stable_connection();
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), SwitchCredentials);
        assert_eq!(auth.choice(), CredentialChoice::Primary);
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), EndClient, "both credentials are refused");
    }

    #[test]
    fn a_login_is_renewed_before_the_spare_key_is_used() {
        let mut auth = EndpointAuth::new(Renewable, true);
        let verdicts: Vec<_> = (0..3).map(|_| auth.on_refused(Stated, NO_LOGIN, false, false)).collect();
        assert_eq!(verdicts, [RenewCredentials, SwitchCredentials, EndClient]);
    }

    #[test]
    fn a_lockout_is_waited_out_before_the_spare_key_is_used() {
        let mut auth = EndpointAuth::new(Fixed, true);
        auth.on_accepted();
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, true), WaitOutLockout(LOCKOUT_PAUSE));
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, true), Retry);
        assert_eq!(auth.on_refused(Ambiguous, NO_LOGIN, false, false), SwitchCredentials);
    }

    #[test]
    fn a_missing_login_form_is_tried_once_more_after_the_spare_key() {
        let mut auth = EndpointAuth::new(Renewable, true);
        assert_eq!(auth.on_refused(NoLoginForm, NO_LOGIN, false, false), SwitchCredentials);
        assert_eq!(auth.on_refused(Stated, NO_LOGIN, false, false), SwitchCredentials);
        assert_eq!(auth.choice(), CredentialChoice::Primary);
        assert_eq!(auth.on_refused(NoLoginForm, NO_LOGIN, false, false), EndClient);
    }
}
