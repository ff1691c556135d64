//! Certain and possible refusals of a connection.

use std::time::Duration;

use super::{Machine, connection::Admission};
use crate::{
    Error, ErrorKind, Stage,
    events::{ServerRejection, parse_rejection},
    session::{
        ConnectionFailure, Now,
        auth::{Certainty, Verdict},
        refusal::{ConnectRefusal, both_refused, connect_error},
    },
};

/// Advice for a refused API key, because deployed servers accept only web sessions.
const NO_API_KEYS_ADVICE: &str =
    "this server accepts no API keys on the socket: sign in with email and password, or pass `session`";

impl Machine {
    /// Handles a DISCONNECT packet. Before the acknowledgement, the packet is a refusal. Right after the
    /// acknowledgement, it is a refusal unless the credentials have worked before. `data` is the message that some
    /// servers add.
    pub(super) fn on_server_disconnect(&mut self, now: Now, data: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let refusal = match connection.admission {
            Admission::AwaitingNamespace { auth_confirmed: true, .. } | Admission::Announced => None,
            Admission::AwaitingOpen { .. } | Admission::AwaitingNamespace { .. } => Some(Certainty::Ambiguous),
            Admission::Acknowledged { .. } => (!self.endpoints.has_let_us_in()).then_some(Certainty::Interrupted),
        };
        if !data.is_empty() {
            connection.pre_ack_error = Some(parse_rejection(data));
        }
        match refusal {
            Some(certainty) => self.on_unconfirmed_end(now, certainty),
            None => self.on_connection_lost(now, ConnectionFailure::ServerDisconnected),
        }
    }

    /// Handles the end of the transport. Right after the acknowledgement, it may be a refusal, like a DISCONNECT
    /// packet. An unknown session is no refusal, because the request may have reached another process of the server.
    pub(super) fn on_transport_lost(&mut self, now: Now, failure: ConnectionFailure) {
        let Some(connection) = self.phase.connection() else { return };
        let acknowledged = matches!(connection.admission, Admission::Acknowledged { .. });
        let unknown = matches!(failure, ConnectionFailure::SessionUnknown(_));
        if acknowledged && !unknown && !self.endpoints.has_let_us_in() {
            self.on_unconfirmed_end(now, Certainty::Interrupted);
        } else {
            self.on_connection_lost(now, failure);
        }
    }

    /// Handles the end of a connection whose credentials were not confirmed. An earlier message from the server may
    /// contain the reason.
    fn on_unconfirmed_end(&mut self, now: Now, certainty: Certainty) {
        let rejection = self.phase.connection_mut().and_then(|connection| connection.pre_ack_error.take());
        if let Some(rejection) = rejection {
            return self.on_connection_refused(now, &rejection, certainty);
        }
        let error = Error::new(ErrorKind::AuthenticationFailed, "the server refused the connection");
        self.on_credentials_refused(now, certainty, error.with_stage(Stage::Namespace));
    }

    /// Handles a CONNECT_ERROR packet.
    pub(super) fn on_connect_error(&mut self, now: Now, data: &str) {
        self.on_connection_refused(now, &parse_rejection(data), Certainty::Ambiguous);
    }

    /// Handles a refusal with a message, sent as a packet or as an event. `unclear` is the certainty that the
    /// credentials are to blame if the message gives no known reason.
    pub(super) fn on_connection_refused(&mut self, now: Now, rejection: &ServerRejection, unclear: Certainty) {
        match connect_error(rejection, unclear) {
            ConnectRefusal::Credentials(error, certainty) => self.on_credentials_refused(now, certainty, error),
            ConnectRefusal::Other(error) => self.on_connection_lost(now, ConnectionFailure::NamespaceRefused(error)),
        }
    }

    /// Handles a certain or possible refusal of the credentials.
    pub(super) fn on_credentials_refused(&mut self, now: Now, certainty: Certainty, error: Error) {
        let credential_status =
            self.phase.connection().map(|connection| connection.credential_status).unwrap_or_default();
        let (error, pause) = match self.endpoints.refused(certainty, credential_status, &error) {
            Verdict::End => {
                let error = match self.endpoints.earlier_refusal() {
                    Some(earlier) => both_refused(self.endpoints.credential_choice(), earlier, error),
                    None if certainty == Certainty::Said => error,
                    None => self.with_advice(error),
                };
                self.drop_connection(&error);
                return self.end(error);
            }
            Verdict::Next | Verdict::Retry | Verdict::Again | Verdict::Other => (error, Duration::ZERO),
            Verdict::Hold(pause) => {
                let held = Error::new(ErrorKind::RateLimited, "the server probably limits connection attempts");
                (held.with_retry_in(pause).with_cause(error), pause)
            }
        };
        self.drop_connection(&error);
        self.retry(now, error, pause);
    }

    /// Adds advice to a refusal if only an API key is configured.
    pub(super) fn with_advice(&self, error: Error) -> Error {
        if !self.config.has_only_key {
            return error;
        }
        let text = format!("{NO_API_KEYS_ADVICE} ({error})");
        Error::new(ErrorKind::AuthenticationFailed, text).with_stage(error.stage().unwrap_or(Stage::Namespace))
    }
}
