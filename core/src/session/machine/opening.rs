//! Opening of a connection, from the attempt to the announcement that it is usable.

use super::{
    Machine, Phase,
    connection::{Admission, Connection},
};
use crate::{
    Error, ErrorKind, Stage,
    eio::Handshake,
    session::{
        ConnectionFailure, CredentialsReason, Now, Output, State, Token,
        auth::{Certainty, CredentialStatus},
        refusal::is_about_credentials,
    },
    sio,
};

impl Machine {
    pub(super) fn connect(&mut self, now: Now, token: Token) {
        if !matches!(self.phase, Phase::Idle) {
            return self.fail(token, Error::invalid_argument("the client has already been connected"));
        }
        self.connecting = Some(token);
        self.push_state(State::Connecting);
        self.start_dial(now);
    }

    pub(super) fn start_dial(&mut self, now: Now) {
        let reason = self.endpoints.dial(self.connecting.is_some());
        self.dial(now, reason);
    }

    pub(super) fn dial(&mut self, now: Now, reason: CredentialsReason) {
        self.counters.attempts += 1;
        self.attempts.record(now.mono);
        let id = self.counters.attempts;
        self.phase = Phase::Dialing { id, deadline: now.mono + self.config.connect_timeout, reason };
        let (endpoint, choice) = (self.endpoints.current(), self.endpoints.credential_choice());
        self.out.push_back(Output::Dial { id, endpoint, reason, choice });
    }

    pub(super) fn on_dialed(&mut self, dialed: u64, credential_status: CredentialStatus, auth: Option<String>) {
        let Phase::Dialing { id, deadline, reason } = self.phase else { return };
        if id == dialed {
            let admission = Admission::AwaitingOpen { deadline, auth };
            self.phase = Phase::Open(Box::new(Connection::new(&self.config, admission, reason, credential_status)));
        }
    }

    pub(super) fn on_dial_failed(&mut self, now: Now, failed: u64, failure: ConnectionFailure) {
        if !matches!(self.phase, Phase::Dialing { id, .. } if id == failed) {
            return;
        }
        match failure {
            ConnectionFailure::Credentials(error) if error.kind() == ErrorKind::AuthenticationFailed => {
                self.on_credentials_refused(now, Certainty::Said, error);
            }
            ConnectionFailure::CredentialsExhausted(error) => self.on_credentials_refused(now, Certainty::Final, error),
            ConnectionFailure::NoLogin(error) => self.on_credentials_refused(now, Certainty::NoLogin, error),
            failure => self.on_connection_lost(now, failure),
        }
    }

    pub(super) fn on_connect_timeout(&mut self, now: Now) {
        let stage = match self.phase.connection().map(|connection| &connection.admission) {
            Some(Admission::AwaitingOpen { .. }) => Stage::EngineIo,
            Some(_) => Stage::Namespace,
            None => Stage::Network,
        };
        self.on_connection_lost(now, ConnectionFailure::Timeout(stage));
    }

    /// Handles the Engine.IO handshake, and then requests the namespace.
    pub(super) fn on_open(&mut self, now: Now, data: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let Some(auth) = connection.open() else { return };
        match Handshake::decode(data) {
            Ok(handshake) => {
                connection.configure(&handshake, now.mono);
                self.send(&sio::connect(auth.as_deref()));
            }
            Err(error) => self.on_connection_lost(
                now,
                ConnectionFailure::Protocol(format!("the Engine.IO handshake is invalid: {error}")),
            ),
        }
    }

    pub(super) fn on_namespace_acknowledged(&mut self, now: Now) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let Admission::AwaitingNamespace { auth_confirmed, .. } = connection.admission else { return };
        let blame = connection.pre_ack_error.take_if(|rejection| !auth_confirmed && is_about_credentials(rejection));
        if let Some(rejection) = blame {
            return self.on_connection_refused(now, &rejection, Certainty::Ambiguous);
        }
        connection.acknowledge(now.mono, self.config.reconnect.as_ref().map(|policy| policy.stable_after));
        self.counters.connections += 1;
        if auth_confirmed {
            self.announce();
        }
    }

    /// Handles a sign that the server accepts the credentials.
    pub(super) fn on_auth_confirmed(&mut self) {
        let Some(connection) = self.phase.connection_mut() else { return };
        self.endpoints.auth_confirmed();
        match &mut connection.admission {
            Admission::AwaitingNamespace { auth_confirmed, .. } => *auth_confirmed = true,
            Admission::Acknowledged { .. } => self.announce(),
            Admission::AwaitingOpen { .. } | Admission::Announced => {}
        }
    }

    pub(super) fn announce(&mut self) {
        let Some(connection) = self.phase.connection_mut() else { return };
        connection.admission = Admission::Announced;
        self.out.push_back(Output::Announced { endpoint: self.endpoints.current() });
        self.push_state(State::Connected);
        if let Some(token) = self.connecting.take() {
            self.done(token);
        }
    }

    /// Handles deadlines of a connection whose namespace is acknowledged.
    pub(super) fn advance_online(&mut self, now: Now) {
        let due = |at: Option<std::time::Instant>| at.is_some_and(|at| at <= now.mono);
        if due(self.phase.online().and_then(Connection::confirm_deadline)) {
            self.announce();
        }
        let Some(connection) = self.phase.online_mut() else { return };
        if due(connection.stable_at) {
            connection.stable_at = None;
            self.attempts.reset();
            self.endpoints.stable();
        }
        if connection.heartbeat.due(now.mono) {
            self.send_heartbeat(now);
        }
    }
}
