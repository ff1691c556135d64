//! Connecting, losing the connection, and connecting again.

use std::time::Duration;

use super::{Machine, Phase};
use crate::{
    Error, ErrorKind, Stage,
    eio::Handshake,
    events::{Notice, notice},
    session::{
        CredentialsReason, Fault, Now, OnServerDisconnect, Output, ReconnectPolicy, State, Token,
        acks::Waiter,
        auth::{Certainty, Proof, Verdict},
        backoff::{next_delay, short_delay},
        refusal::{ConnectRefusal, blames_credentials, both_refused, connect_error},
    },
    sio,
};

/// How long an acknowledgement without a sign that the server accepts us keeps `connect` waiting. A refusal that comes
/// later still ends the client; it is only told by the join or the stream instead of by `connect`.
const DOUBT: Duration = Duration::from_millis(500);

/// Deployed servers let in web sessions only.
const NO_KEYS: &str = "this server takes no API keys on the socket: sign in with email and password, or pass `session`";

impl Machine {
    pub(super) fn connect(&mut self, now: Now, token: Token) {
        if !matches!(self.phase, Phase::Idle) {
            return self.fail(token, Error::invalid_argument("the client was connected before"));
        }
        self.connecting = Some(token);
        self.state(State::Connecting);
        self.start_dial(now);
    }

    pub(super) fn start_dial(&mut self, now: Now) {
        let new = self.servers.dial();
        let reason = if std::mem::take(&mut self.rejected) {
            CredentialsReason::Rejected
        } else if new && self.connecting.is_some() {
            CredentialsReason::First
        } else {
            CredentialsReason::Reconnect
        };
        self.dial(now, reason);
    }

    fn dial(&mut self, now: Now, reason: CredentialsReason) {
        self.dial += 1;
        self.dial_reason = reason;
        self.counters.attempts += 1;
        self.window.record(now.mono);
        self.phase = Phase::Dialing { deadline: now.mono + self.config.connect_timeout };
        let (server, choice) = (self.servers.current(), self.servers.credential_choice());
        self.out.push_back(Output::Dial { id: self.dial, server, reason, choice });
    }

    pub(super) fn dialed(&mut self, id: u64, proof: Proof, auth: Option<String>) {
        let Phase::Dialing { deadline } = self.phase else { return };
        if id == self.dial {
            self.proof = proof;
            self.phase = Phase::Opening { deadline, auth, opened: false };
        }
    }

    pub(super) fn dial_failed(&mut self, now: Now, id: u64, fault: Fault) {
        if id == self.dial && matches!(self.phase, Phase::Dialing { .. }) {
            match fault {
                Fault::Credentials(error) if error.kind() == ErrorKind::AuthenticationFailed => {
                    self.refused(now, Certainty::Said, error);
                }
                Fault::Hopeless(error) => self.refused(now, Certainty::Final, error),
                Fault::NoLogin(error) => self.refused(now, Certainty::NoLogin, error),
                fault => self.lost(now, fault),
            }
        }
    }

    pub(super) fn connect_timed_out(&mut self, now: Now) {
        let stage = match self.phase {
            Phase::Opening { opened: true, .. } => Stage::Namespace,
            Phase::Opening { .. } => Stage::EngineIo,
            _ => Stage::Network,
        };
        self.lost(now, Fault::Timeout(stage));
    }

    /// The Engine.IO session is open: ask for the namespace.
    pub(super) fn engine_opened(&mut self, now: Now, data: &str) {
        let Phase::Opening { auth, opened, .. } = &mut self.phase else { return };
        if std::mem::replace(opened, true) {
            return;
        }
        let connect = sio::connect(auth.take().as_deref());
        match Handshake::decode(data) {
            Ok(handshake) => {
                self.liveness.start(&handshake, now.mono);
                self.max_payload = if handshake.max_payload == 0 { usize::MAX } else { handshake.max_payload };
                self.send(&connect);
            }
            Err(error) => self.lost(now, Fault::Protocol(format!("the Engine.IO handshake can't be read: {error}"))),
        }
    }

    /// The namespace is acknowledged.
    pub(super) fn namespace_acknowledged(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Opening { opened: true, .. }) {
            return;
        }
        if let Some(words) = self.early.take_if(|words| !self.proven && blames_credentials(words)) {
            return self.connection_refused(now, &words, Certainty::Ambiguous);
        }
        self.phase = Phase::Online;
        self.counters.connections += 1;
        self.budget.reset();
        self.heartbeat.start(now.mono);
        if let Some(policy) = &self.config.reconnect {
            self.stable_at = Some(now.mono + policy.stable_after);
        }
        self.doubt = Some(now.mono + DOUBT);
        if self.proven {
            self.announce();
        }
    }

    /// The server has shown that it accepts us.
    pub(super) fn prove(&mut self) {
        self.proven = true;
        self.servers.proven();
        if matches!(self.phase, Phase::Online) {
            self.announce();
        }
    }

    fn announce(&mut self) {
        self.doubt = None;
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        self.state(State::Connected);
        if let Some(token) = self.connecting.take() {
            self.done(token);
        }
    }

    pub(super) fn advance_online(&mut self, now: Now) {
        if self.doubt.is_some_and(|until| until <= now.mono) {
            self.announce();
        }
        if self.stable_at.is_some_and(|at| at <= now.mono) {
            self.stable_at = None;
            (self.attempt, self.short) = (0, 0);
            self.servers.stable();
        }
        if self.heartbeat.due(now.mono) {
            self.send_heartbeat(now);
        }
    }

    /// A DISCONNECT packet: a refusal before the acknowledgement, and right behind it unless the credentials have worked
    /// before. Some servers send words along.
    pub(super) fn server_disconnected(&mut self, now: Now, data: &str) {
        let opening = matches!(self.phase, Phase::Opening { .. });
        let in_doubt = opening || (self.doubt.is_some() && !self.servers.has_let_us_in());
        if !data.is_empty() {
            self.early = Some(notice(data));
        }
        let unclear = if opening { Certainty::Ambiguous } else { Certainty::Interrupted };
        if let Some(words) = self.early.take_if(|_| in_doubt && !self.proven) {
            self.connection_refused(now, &words, unclear);
        } else if in_doubt && !self.proven {
            self.refused_without_words(now, unclear);
        } else {
            self.lost(now, Fault::ServerDisconnected);
        }
    }

    /// The end of the transport. Right after an acknowledgement it may be a refusal, like a DISCONNECT packet.
    pub(super) fn transport_lost(&mut self, now: Now, fault: Fault) {
        let in_doubt = self.doubt.is_some() && !self.proven && !self.servers.has_let_us_in();
        match self.early.take_if(|_| in_doubt) {
            Some(words) => self.connection_refused(now, &words, Certainty::Interrupted),
            None if in_doubt => self.refused_without_words(now, Certainty::Interrupted),
            None => self.lost(now, fault),
        }
    }

    fn refused_without_words(&mut self, now: Now, unclear: Certainty) {
        let error = Error::new(ErrorKind::AuthenticationFailed, "the server refused the connection");
        self.refused(now, unclear, error.with_stage(Stage::Namespace));
    }

    /// A CONNECT_ERROR packet, or an `authentication_failed` event.
    pub(super) fn connection_refused(&mut self, now: Now, notice: &Notice, unclear: Certainty) {
        match connect_error(notice, unclear) {
            ConnectRefusal::Credentials(error, certainty) => self.refused(now, certainty, error),
            ConnectRefusal::Other(error) => self.lost(now, Fault::NamespaceRefused(error)),
        }
    }

    pub(super) fn namespace_refused(&mut self, now: Now, data: &str) {
        if matches!(self.phase, Phase::Opening { .. } | Phase::Online) {
            self.connection_refused(now, &notice(data), Certainty::Unexplained);
        }
    }

    /// The credentials were refused, or so it seems.
    pub(super) fn refused(&mut self, now: Now, certainty: Certainty, error: Error) {
        match self.servers.refused(certainty, self.proof, &error) {
            Verdict::End => {
                let error = match self.servers.earlier_refusal() {
                    Some(earlier) => both_refused(self.servers.credential_choice(), earlier, error),
                    None if certainty == Certainty::Said => error,
                    None => self.with_advice(error),
                };
                self.drop_connection(&error);
                self.end(error);
            }
            Verdict::Next => {
                self.drop_connection(&error);
                self.retry(now, error, Duration::ZERO);
            }
            Verdict::Retry | Verdict::Other => {
                self.drop_connection(&error);
                self.retry(now, error, Duration::ZERO);
            }
            Verdict::Again => {
                self.rejected = true;
                self.drop_connection(&error);
                self.retry(now, error, Duration::ZERO);
            }
            Verdict::Hold(pause) => {
                let error = Error::new(ErrorKind::RateLimited, "the server seems to limit connection attempts")
                    .with_retry_in(pause)
                    .with_cause(error);
                self.drop_connection(&error);
                self.retry(now, error, pause);
            }
        }
    }

    /// The same refusal, with what to do about it where only an API key was given.
    pub(super) fn with_advice(&self, error: Error) -> Error {
        if !self.config.has_only_key {
            return error;
        }
        let text = format!("{NO_KEYS} ({error})");
        Error::new(ErrorKind::AuthenticationFailed, text).with_stage(error.stage().unwrap_or(Stage::Namespace))
    }

    /// The connection, or the attempt to make one, is over.
    pub(super) fn lost(&mut self, now: Now, fault: Fault) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. } | Phase::Closed) {
            return;
        }
        let stop =
            matches!(fault, Fault::ServerDisconnected) && self.config.on_server_disconnect == OnServerDisconnect::Stop;
        let error = fault.into_error();
        if self.connecting.is_some() && !self.config.retry_first_connect {
            self.servers.failed();
        }
        self.drop_connection(&error);
        if stop {
            return self.end(error);
        }
        let pause = error.retry_in().unwrap_or_default();
        self.retry(now, error, pause);
    }

    /// Forgets everything that belongs to one connection.
    fn drop_connection(&mut self, error: &Error) {
        // An attempt that is still under way is dropped as well; its report would come too late.
        self.out.push_back(Output::CloseTransport { graceful: false });
        self.proven = false;
        self.early = None;
        self.doubt = None;
        self.announced = false;
        self.stable_at = None;
        self.budget_wait = None;
        self.unanswered = None;
        self.liveness.stop();
        self.heartbeat.stop();
        self.assembler = sio::Assembler::default();
        self.rooms.lost();
        self.page_requests.on_connection_lost();
        for waiter in self.acks.drain() {
            if let Waiter::User(token) = waiter {
                let kind = if error.kind() == ErrorKind::Closed { ErrorKind::Closed } else { ErrorKind::Disconnected };
                let lost = Error::new(kind, "the connection was lost before the acknowledgement came");
                self.out.push_back(Output::Failed { token, error: lost.with_cause(error.clone()) });
            }
        }
    }

    /// Schedules the next attempt, or gives up. The server asked to be left alone for the `pause`.
    fn retry(&mut self, now: Now, cause: Error, pause: Duration) {
        if !pause.is_zero() {
            self.servers.hold(now.mono + pause);
        }
        let Some(policy) = self.policy(pause) else { return self.end(cause) };
        if policy.attempts.is_some_and(|limit| self.attempt >= limit) {
            let text = format!("gave up after {} attempts: {cause}", self.attempt);
            let error = Error::new(ErrorKind::GaveUp, text).with_attempts(self.attempt).with_cause(cause);
            return self.end(error);
        }
        // Credentials are asked for once more for the server that has rejected them.
        if !self.rejected {
            self.servers.advance(now.mono);
        }
        self.attempt = self.attempt.saturating_add(1);
        let delay = if self.servers.is_untried() {
            self.short += 1;
            short_delay(&policy, &mut self.rng)
        } else {
            let step = self.attempt - self.short;
            // Somebody waits for `connect` to say that the credentials are wrong.
            let step = if self.connecting.is_some() && self.servers.is_unclear() { step.min(2) } else { step };
            next_delay(&policy, step, &mut self.rng)
        };
        let earliest = self.servers.not_before().map_or(now.mono, |at| at.max(now.mono));
        let until = self.window.earliest(earliest.max(now.mono + delay));
        self.phase = Phase::Waiting { until, earliest };
        self.pause_joins(now);
        if self.connecting.is_none() {
            let retry_in = until.saturating_duration_since(now.mono);
            self.state(State::Reconnecting { attempt: self.attempt, retry_in, cause });
        }
    }

    /// How the next attempt is made; `None` if there is to be none.
    fn policy(&self, pause: Duration) -> Option<ReconnectPolicy> {
        let first = self.connecting.is_some() && !self.config.retry_first_connect;
        // Neither asking for credentials once more or trying others, nor a refusal that may have been a restart, nor trying
        // each address once is reconnecting.
        let unclear = self.servers.is_unclear() && self.config.reconnect.is_some() && pause.is_zero();
        let once_more =
            self.rejected || self.servers.has_switched() || unclear || (first && self.servers.has_untried());
        if first && !once_more {
            return None;
        }
        match self.config.reconnect.clone() {
            Some(policy) => Some(ReconnectPolicy { attempts: policy.attempts.filter(|_| !first), ..policy }),
            None => once_more.then(ReconnectPolicy::default),
        }
    }

    /// The end of the client, for a reason other than the user.
    pub(super) fn end(&mut self, error: Error) {
        self.phase = Phase::Closed;
        self.page_requests.clear();
        // First: whoever is told of the end finds the state that says why.
        self.state(State::Closed { reason: error.clone() });
        if let Some(token) = self.connecting.take() {
            self.fail(token, error.clone());
        }
        for (_, room) in self.rooms.drain() {
            for token in room.joiners {
                self.out.push_back(Output::Failed { token, error: error.clone() });
            }
            for token in room.leavers {
                self.out.push_back(Output::Done { token, data: None });
            }
        }
        let by_user = error.kind() == ErrorKind::Closed;
        self.out.push_back(Output::EndedAll { error: (!by_user).then_some(error) });
    }

    pub(super) fn close(&mut self, token: Token) {
        self.state(State::Closing);
        let connected = matches!(self.phase, Phase::Online);
        if connected {
            self.send(&sio::disconnect());
        }
        self.out.push_back(Output::CloseTransport { graceful: connected });
        let error = Error::closed();
        self.drop_connection(&error);
        self.end(error);
        self.done(token);
    }

    /// Asks the server for a sign of life.
    pub(super) fn probe(&mut self, now: Now) {
        self.liveness.probed(now.mono);
        self.out.push_back(Output::Probe);
    }

    /// The network is another one, or the computer has slept: don't wait for a pause to end, and trust neither a connection
    /// nor an attempt that may be dead. An attempt goes on if the limit allows no other one now.
    pub(super) fn network_changed(&mut self, now: Now) {
        match &mut self.phase {
            Phase::Waiting { until, earliest } => *until = self.window.earliest((*earliest).max(now.mono)),
            Phase::Online => {
                self.liveness.doubted(now.mono);
                self.probe(now);
            }
            Phase::Dialing { .. } | Phase::Opening { .. } if self.window.earliest(now.mono) <= now.mono => {
                self.drop_connection(&Error::new(ErrorKind::Disconnected, "the network has changed"));
                self.dial(now, self.dial_reason);
            }
            _ => {}
        }
    }
}
