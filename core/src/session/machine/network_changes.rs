//! Reactions to hints that the connection may be dead.

use super::{Machine, Phase};
use crate::{
    Error, ErrorKind,
    session::{Now, Output},
};

impl Machine {
    /// Sends a probe if the namespace is acknowledged.
    pub(super) fn send_probe(&mut self, now: Now) {
        if let Some(connection) = self.phase.online_connection_mut() {
            connection.liveness.on_probe_sent(now.mono);
            self.outputs.push_back(Output::Probe);
        }
    }

    /// Handles a network change or a wake-up from sleep. Shortens the delay before the next attempt as far as the
    /// limits allow, and probes a connection whose namespace is acknowledged. Replaces an attempt in progress if the
    /// limit on attempts allows a new attempt now.
    pub(super) fn on_network_changed(&mut self, now: Now) {
        let reason = match &mut self.phase {
            Phase::Waiting { retry_at, no_attempt_before } => {
                *retry_at = self.attempts.earliest_allowed((*no_attempt_before).max(now.mono));
                return;
            }
            Phase::Open(connection) if connection.is_online() => {
                connection.liveness.on_network_hint(now.mono);
                return self.send_probe(now);
            }
            Phase::Open(connection) => connection.credentials_reason,
            Phase::Dialing { reason, .. } => *reason,
            Phase::Idle | Phase::Closed => return,
        };
        if self.attempts.earliest_allowed(now.mono) <= now.mono {
            self.drop_connection(&Error::new(ErrorKind::Disconnected, "the network has changed"));
            self.dial(now, reason);
        }
    }
}
