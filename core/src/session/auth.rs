//! What a refusal means for the credentials: over, once more, or only later.

use std::time::Duration;

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialsSource {
    /// A key or a cookie that never changes, or none at all.
    Fixed,
    /// Something that can be asked again: a login form or the user's provider.
    Renewable,
}

/// What is known about the credentials of an attempt before the server has seen them on the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Proof {
    /// The server has just accepted them in its login form.
    pub(crate) just_accepted: bool,
}

/// How sure it is that a refusal is about the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// The server said so.
    Said,
    /// So did whoever has them: to ask for others is of no use.
    Final,
    /// A refusal that gives no reason.
    Unexplained,
    /// A disconnect before the acknowledgement: deployed servers do that for bad credentials, when their limit of
    /// connection attempts is reached, and perhaps while they restart.
    Ambiguous,
    /// The end of a connection right after its acknowledgement: a server that restarts looks like that, too.
    Interrupted,
}

/// What to do after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The client ends with `authentication_failed`.
    End,
    /// Ask for credentials again, saying that these were rejected.
    Again,
    /// Nothing is certain yet: try again, with the pauses of the policy.
    Retry,
    /// Probably a rate limit: try again after this pause.
    Hold(Duration),
    /// This address is of no use: go on with the others.
    Next,
}

/// Deployed servers count attempts over 60 s.
const LOCKOUT: Duration = Duration::from_secs(61);

/// Follows the fate of the credentials over the attempts.
#[derive(Debug)]
pub(crate) struct Auth {
    source: CredentialsSource,
    proven: bool,
    rejections: u32,
    held: bool,
}

impl Auth {
    pub(crate) fn new(source: CredentialsSource) -> Self {
        Self { source, proven: false, rejections: 0, held: false }
    }

    /// The server has shown that it accepts the credentials.
    pub(crate) fn proven(&mut self) {
        (self.proven, self.rejections, self.held) = (true, 0, false);
    }

    /// Whether the server has accepted them before.
    pub(crate) fn has_worked(&self) -> bool {
        self.proven
    }

    /// The server refused; `elsewhere`: another address has accepted the credentials. `may_retry`: a refusal that may
    /// just as well be a restart has not come often enough yet to count.
    pub(crate) fn refused(&mut self, certainty: Certainty, proof: Proof, elsewhere: bool, may_retry: bool) -> Verdict {
        if certainty == Certainty::Interrupted && may_retry {
            return Verdict::Retry;
        }
        self.rejections += 1;
        if !matches!(certainty, Certainty::Said | Certainty::Final) {
            if proof.just_accepted {
                return Verdict::Hold(LOCKOUT);
            }
            let exhausted = self.source == CredentialsSource::Fixed || self.rejections > 1;
            if exhausted && (self.proven || elsewhere) && !self.held {
                self.held = true;
                return Verdict::Hold(LOCKOUT);
            }
        }
        if self.source == CredentialsSource::Renewable && self.rejections <= 1 && certainty != Certainty::Final {
            return Verdict::Again;
        }
        if certainty == Certainty::Ambiguous && may_retry {
            return Verdict::Retry;
        }
        if elsewhere && !self.proven { Verdict::Next } else { Verdict::End }
    }
}

#[cfg(test)]
mod tests {
    use super::{Certainty::*, CredentialsSource::*, *};

    const FRESH: Proof = Proof { just_accepted: true };
    const PLAIN: Proof = Proof { just_accepted: false };

    #[test]
    fn a_fixed_key_that_never_worked_ends_at_once() {
        assert_eq!(Auth::new(Fixed).refused(Said, PLAIN, false, false), Verdict::End);
        assert_eq!(Auth::new(Fixed).refused(Ambiguous, PLAIN, false, false), Verdict::End);
    }

    #[test]
    fn a_provider_is_asked_once_more() {
        let mut auth = Auth::new(Renewable);
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Again);
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::End);
        let mut auth = Auth::new(Renewable);
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::Again);
        auth.proven();
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::Again);
    }

    #[test]
    fn one_that_has_no_others_is_not_asked_again() {
        assert_eq!(Auth::new(Renewable).refused(Final, PLAIN, false, false), Verdict::End);
        assert_eq!(Auth::new(Renewable).refused(Final, PLAIN, true, false), Verdict::Next);
    }

    #[test]
    fn an_ambiguous_refusal_of_what_has_worked_waits_out_a_lockout_once() {
        let mut auth = Auth::new(Fixed);
        auth.proven();
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::Hold(LOCKOUT));
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, false), Verdict::End);
        let mut auth = Auth::new(Fixed);
        auth.proven();
        assert_eq!(auth.refused(Said, PLAIN, false, false), Verdict::End);
    }

    #[test]
    fn one_address_that_refuses_what_another_accepts_is_left_to_itself() {
        assert_eq!(Auth::new(Fixed).refused(Said, PLAIN, true, false), Verdict::Next);
        let mut auth = Auth::new(Fixed);
        assert_eq!(auth.refused(Ambiguous, PLAIN, true, false), Verdict::Hold(LOCKOUT), "it may be a lockout");
        assert_eq!(auth.refused(Ambiguous, PLAIN, true, false), Verdict::Next);
        let mut auth = Auth::new(Fixed);
        auth.proven();
        assert_eq!(auth.refused(Said, PLAIN, true, false), Verdict::End, "withdrawn");
    }

    #[test]
    fn what_may_be_a_restart_is_tried_again_before_it_counts() {
        let mut auth = Auth::new(Fixed);
        assert_eq!(auth.refused(Ambiguous, PLAIN, false, true), Verdict::Retry);
        assert_eq!(auth.refused(Interrupted, FRESH, false, true), Verdict::Retry);
        assert_eq!(auth.refused(Interrupted, PLAIN, false, false), Verdict::End);
        assert_eq!(Auth::new(Fixed).refused(Unexplained, PLAIN, false, true), Verdict::End, "it is a refusal");
        assert_eq!(Auth::new(Fixed).refused(Said, PLAIN, false, true), Verdict::End);
    }

    #[test]
    fn a_login_that_was_just_accepted_is_not_what_was_refused() {
        let mut auth = Auth::new(Renewable);
        for _ in 0..3 {
            assert_eq!(auth.refused(Ambiguous, FRESH, false, false), Verdict::Hold(LOCKOUT));
        }
    }
}
