//! Refusals of a connection, and what may be one.

use std::time::Duration;

use super::{Machine, connection::Admission};
use crate::{
    Error, ErrorKind, Stage,
    events::{Notice, notice},
    session::{
        Fault, Now,
        auth::{Certainty, Verdict},
        refusal::{ConnectRefusal, both_refused, connect_error},
    },
};

/// Deployed servers let in web sessions only.
const NO_KEYS: &str = "this server takes no API keys on the socket: sign in with email and password, or pass `session`";

impl Machine {
    /// A DISCONNECT packet: a refusal before the acknowledgement, and right after it unless the credentials have worked
    /// before. Some servers send words along.
    pub(super) fn on_server_disconnect(&mut self, now: Now, data: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let refusal = match connection.admission {
            Admission::AwaitingNamespace { auth_confirmed: true, .. } | Admission::Announced => None,
            Admission::AwaitingOpen { .. } | Admission::AwaitingNamespace { .. } => Some(Certainty::Ambiguous),
            Admission::Acknowledged { .. } => (!self.servers.has_let_us_in()).then_some(Certainty::Interrupted),
        };
        if !data.is_empty() {
            connection.pre_ack_error = Some(notice(data));
        }
        match refusal {
            Some(certainty) => self.refused_at_end(now, certainty),
            None => self.on_connection_lost(now, Fault::ServerDisconnected),
        }
    }

    /// The end of the transport. Right after an acknowledgement it may be a refusal, like a DISCONNECT packet.
    pub(super) fn on_transport_lost(&mut self, now: Now, fault: Fault) {
        let Some(connection) = self.phase.connection() else { return };
        let acknowledged = matches!(connection.admission, Admission::Acknowledged { .. });
        if acknowledged && !self.servers.has_let_us_in() {
            self.refused_at_end(now, Certainty::Interrupted);
        } else {
            self.on_connection_lost(now, fault);
        }
    }

    /// The connection ends before it was confirmed; what the server said before may be the reason.
    fn refused_at_end(&mut self, now: Now, certainty: Certainty) {
        let words = self.phase.connection_mut().and_then(|connection| connection.pre_ack_error.take());
        if let Some(words) = words {
            return self.on_connection_refused(now, &words, certainty);
        }
        let error = Error::new(ErrorKind::AuthenticationFailed, "the server refused the connection");
        self.on_credentials_refused(now, certainty, error.with_stage(Stage::Namespace));
    }

    /// A CONNECT_ERROR packet.
    pub(super) fn on_connect_error(&mut self, now: Now, data: &str) {
        self.on_connection_refused(now, &notice(data), Certainty::Ambiguous);
    }

    /// The words of a refusal, by packet or by event.
    pub(super) fn on_connection_refused(&mut self, now: Now, notice: &Notice, unclear: Certainty) {
        match connect_error(notice, unclear) {
            ConnectRefusal::Credentials(error, certainty) => self.on_credentials_refused(now, certainty, error),
            ConnectRefusal::Other(error) => self.on_connection_lost(now, Fault::NamespaceRefused(error)),
        }
    }

    /// The credentials were refused, or so it seems.
    pub(super) fn on_credentials_refused(&mut self, now: Now, certainty: Certainty, error: Error) {
        let proof = self.phase.connection().map(|connection| connection.proof).unwrap_or_default();
        let (error, pause) = match self.servers.refused(certainty, proof, &error) {
            Verdict::End => {
                let error = match self.servers.earlier_refusal() {
                    Some(earlier) => both_refused(self.servers.credential_choice(), earlier, error),
                    None if certainty == Certainty::Said => error,
                    None => self.with_advice(error),
                };
                self.drop_connection(&error);
                return self.end(error);
            }
            Verdict::Next | Verdict::Retry | Verdict::Again | Verdict::Other => (error, Duration::ZERO),
            Verdict::Hold(pause) => {
                let held = Error::new(ErrorKind::RateLimited, "the server seems to limit connection attempts");
                (held.with_retry_in(pause).with_cause(error), pause)
            }
        };
        self.drop_connection(&error);
        self.retry(now, error, pause);
    }

    /// The same refusal, with what to do about it where only an API key was given.
    pub(super) fn with_advice(&self, error: Error) -> Error {
        if !self.config.has_only_key {
            return error;
        }
        let text = format!("{NO_KEYS} ({error})");
        Error::new(ErrorKind::AuthenticationFailed, text).with_stage(error.stage().unwrap_or(Stage::Namespace))
    }
}
