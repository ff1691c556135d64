//! Definite and possible refusals of a connection.

use std::time::Duration;

use super::{Machine, connection::Admission};
use crate::{
    Error, ErrorKind, Stage,
    events::{ServerRefusal, parse_refusal},
    session::{
        ConnectionFailure, Now,
        endpoint_auth::{RefusalEvidence, RefusalReaction},
        refusal::{ConnectRefusal, both_credentials_refused_error, classify_connect_refusal},
    },
};

/// Advice that is added to the error if an API key is refused. Deployed servers accept only web sessions on the socket.
const NO_API_KEYS_ADVICE: &str =
    "this server accepts no API keys on the socket: sign in with email and password, or pass `session`";

impl Machine {
    /// Handles a DISCONNECT packet. Before the namespace is acknowledged, the packet is a refusal unless the server has
    /// confirmed the credentials. Right after the acknowledgement, the packet is a refusal unless the credentials have
    /// worked before. `data` is the message that some servers add.
    pub(super) fn on_server_disconnect(&mut self, now: Now, data: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let refusal = match connection.admission {
            Admission::AwaitingNamespace { auth_confirmed: true, .. } | Admission::Announced => None,
            Admission::AwaitingOpen { .. } | Admission::AwaitingNamespace { .. } => Some(RefusalEvidence::Ambiguous),
            Admission::Acknowledged { .. } => {
                (!self.endpoints.has_current_accepted_credentials()).then_some(RefusalEvidence::Interrupted)
            }
        };
        if !data.is_empty() {
            connection.possible_refusal = Some(parse_refusal(data));
        }
        match refusal {
            Some(evidence) => self.on_end_without_confirmation(now, evidence),
            None => self.on_connection_lost(now, ConnectionFailure::ServerDisconnected),
        }
    }

    /// Handles the end of the transport. Right after the acknowledgement, the end is a possible refusal under the same
    /// condition as a DISCONNECT packet. An unknown session is not a refusal, because the request may have reached
    /// another node.
    pub(super) fn on_transport_lost(&mut self, now: Now, failure: ConnectionFailure) {
        let Some(connection) = self.phase.connection() else { return };
        let acknowledged = matches!(connection.admission, Admission::Acknowledged { .. });
        let unknown = matches!(failure, ConnectionFailure::SessionUnknown(_));
        if acknowledged && !unknown && !self.endpoints.has_current_accepted_credentials() {
            self.on_end_without_confirmation(now, RefusalEvidence::Interrupted);
        } else {
            self.on_connection_lost(now, failure);
        }
    }

    /// Handles the end of a connection whose credentials were not confirmed. An earlier message from the server, or the
    /// DISCONNECT packet itself, may contain the reason.
    fn on_end_without_confirmation(&mut self, now: Now, evidence: RefusalEvidence) {
        let refusal = self.phase.connection_mut().and_then(|connection| connection.possible_refusal.take());
        if let Some(refusal) = refusal {
            return self.on_connection_refused(now, &refusal, evidence);
        }
        let error = Error::new(ErrorKind::AuthenticationFailed, "the server refused the connection");
        self.on_credentials_refused(now, evidence, error.with_stage(Stage::Namespace));
    }

    pub(super) fn on_connect_error(&mut self, now: Now, data: &str) {
        self.on_connection_refused(now, &parse_refusal(data), RefusalEvidence::Ambiguous);
    }

    /// Handles a refusal with a message, which the server sent as a packet or an event. `default_evidence` applies if
    /// the message contains no known reason.
    pub(super) fn on_connection_refused(
        &mut self,
        now: Now,
        refusal: &ServerRefusal,
        default_evidence: RefusalEvidence,
    ) {
        match classify_connect_refusal(refusal, default_evidence) {
            ConnectRefusal::Credentials(error, evidence) => self.on_credentials_refused(now, evidence, error),
            ConnectRefusal::Other(error) => self.on_connection_lost(now, ConnectionFailure::NamespaceRefused(error)),
        }
    }

    /// Handles a definite or possible refusal of the credentials.
    pub(super) fn on_credentials_refused(&mut self, now: Now, evidence: RefusalEvidence, error: Error) {
        let login_status = self.phase.connection().map(|connection| connection.login_status).unwrap_or_default();
        let (error, pause) = match self.endpoints.on_refused(evidence, login_status, &error) {
            RefusalReaction::EndClient => {
                let error = match self.endpoints.previous_credentials_refusal() {
                    Some(earlier) => both_credentials_refused_error(self.endpoints.credential_choice(), earlier, error),
                    None if evidence == RefusalEvidence::Stated => error,
                    None => self.add_key_advice(error),
                };
                self.drop_connection(&error);
                return self.end_client(error);
            }
            RefusalReaction::AbandonEndpoint
            | RefusalReaction::Retry
            | RefusalReaction::RenewCredentials
            | RefusalReaction::SwitchCredentials => (error, Duration::ZERO),
            RefusalReaction::WaitOutLockout(pause) => {
                let held = Error::new(ErrorKind::RateLimited, "the server probably limits connection attempts");
                (held.with_retry_in(pause).with_cause(error), pause)
            }
        };
        self.drop_connection(&error);
        self.schedule_attempt(now, error, pause);
    }

    /// Adds advice to the error of a refusal if only an API key is configured.
    pub(super) fn add_key_advice(&self, error: Error) -> Error {
        if !self.config.has_only_api_key {
            return error;
        }
        let text = format!("{NO_API_KEYS_ADVICE} ({error})");
        Error::new(ErrorKind::AuthenticationFailed, text).with_stage(error.stage().unwrap_or(Stage::Namespace))
    }
}
