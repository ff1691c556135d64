//! Opening a connection, from the attempt to the announcement that the connection is usable.

use super::{
    Machine, Phase,
    connection::{Admission, Connection},
};
use crate::{
    Error, ErrorKind, Stage,
    eio::Handshake,
    session::{
        CommandId, ConnectionFailure, CredentialsReason, Now, Output, State,
        endpoint_auth::{LoginStatus, RefusalEvidence},
        refusal::is_about_credentials,
    },
    sio,
};

impl Machine {
    pub(super) fn connect(&mut self, now: Now, command_id: CommandId) {
        if !matches!(self.phase, Phase::Idle) {
            return self.fail_command(command_id, Error::invalid_argument("the client has already been connected"));
        }
        self.connect_command_id = Some(command_id);
        self.push_state(State::Connecting);
        self.start_attempt(now);
    }

    pub(super) fn start_attempt(&mut self, now: Now) {
        let reason = self.endpoints.record_attempt(self.connect_command_id.is_some());
        self.dial(now, reason);
    }

    pub(super) fn dial(&mut self, now: Now, reason: CredentialsReason) {
        self.counters.attempts += 1;
        self.attempts.record_start(now.mono);
        let id = self.counters.attempts;
        self.phase = Phase::Dialing { id, deadline: now.mono + self.config.connect_timeout, reason };
        let (endpoint, choice) = (self.endpoints.current(), self.endpoints.credential_choice());
        self.outputs.push_back(Output::Dial { id, endpoint, reason, choice });
    }

    pub(super) fn on_dialed(&mut self, dialed_id: u64, login_status: LoginStatus, auth_payload: Option<String>) {
        let Phase::Dialing { id, deadline, reason } = self.phase else { return };
        if id == dialed_id {
            let admission = Admission::AwaitingOpen { deadline, auth_payload };
            self.phase = Phase::Open(Box::new(Connection::new(&self.config, admission, reason, login_status)));
        }
    }

    pub(super) fn on_dial_failed(&mut self, now: Now, failed_id: u64, failure: ConnectionFailure) {
        if !matches!(self.phase, Phase::Dialing { id, .. } if id == failed_id) {
            return;
        }
        match failure {
            ConnectionFailure::Credentials(error) if error.kind() == ErrorKind::AuthenticationFailed => {
                self.on_credentials_refused(now, RefusalEvidence::Stated, error);
            }
            ConnectionFailure::CredentialsExhausted(error) => {
                self.on_credentials_refused(now, RefusalEvidence::SourceExhausted, error)
            }
            ConnectionFailure::NoLoginForm(error) => {
                self.on_credentials_refused(now, RefusalEvidence::NoLoginForm, error)
            }
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

    /// Handles the Engine.IO handshake and then requests the namespace.
    pub(super) fn on_open(&mut self, now: Now, data: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let Some(auth_payload) = connection.on_open() else { return };
        match Handshake::decode(data) {
            Ok(handshake) => {
                connection.apply_handshake(&handshake, now.mono);
                self.send_message(&sio::connect(auth_payload.as_deref()));
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
        let refusal = connection.possible_refusal.take_if(|refusal| !auth_confirmed && is_about_credentials(refusal));
        if let Some(refusal) = refusal {
            return self.on_connection_refused(now, &refusal, RefusalEvidence::Ambiguous);
        }
        connection
            .on_namespace_acknowledged(now.mono, self.config.reconnect.as_ref().map(|policy| policy.stable_after));
        self.counters.connections += 1;
        if auth_confirmed {
            self.announce_connected();
        }
    }

    /// Handles a sign that the server accepts the credentials.
    pub(super) fn on_auth_confirmed(&mut self) {
        let Some(connection) = self.phase.connection_mut() else { return };
        self.endpoints.on_auth_confirmed();
        match &mut connection.admission {
            Admission::AwaitingNamespace { auth_confirmed, .. } => *auth_confirmed = true,
            Admission::Acknowledged { .. } => self.announce_connected(),
            Admission::AwaitingOpen { .. } | Admission::Announced => {}
        }
    }

    pub(super) fn announce_connected(&mut self) {
        let Some(connection) = self.phase.connection_mut() else { return };
        connection.admission = Admission::Announced;
        self.outputs.push_back(Output::ConnectionUsable { endpoint: self.endpoints.current() });
        self.push_state(State::Connected);
        if let Some(command_id) = self.connect_command_id.take() {
            self.complete_command(command_id);
        }
    }

    /// Handles deadlines of a connection whose namespace is acknowledged.
    pub(super) fn handle_online_deadlines(&mut self, now: Now) {
        let due = |at: Option<std::time::Instant>| at.is_some_and(|at| at <= now.mono);
        if due(self.phase.online_connection().and_then(Connection::announce_deadline)) {
            self.announce_connected();
        }
        let Some(connection) = self.phase.online_connection_mut() else { return };
        if due(connection.stable_at) {
            connection.stable_at = None;
            self.attempts.reset_delays();
            self.endpoints.on_stable_connection();
        }
        if connection.heartbeat.take_due(now.mono) {
            self.send_heartbeat(now);
        }
    }
}
