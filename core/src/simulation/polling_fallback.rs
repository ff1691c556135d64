//! Clients that fall back to long-polling when WebSocket is refused.
//!
//! The load balancer may send each request of a polling session to a different node. A node that does not know the
//! session responds with 400, which ends the session.

use super::{action::ScheduledAction, network::Side, program::ProgramRun, server::NODE_COUNT, world::World};
use crate::driver::PollingFallback;

/// Maximum number of consecutive polling connections through a balancer that scatters requests. A connection becomes
/// usable with a probability of 25%, and only such a connection prolongs the series. A longer series is so improbable
/// that it shows that the client never stops polling.
const SCATTERED_ATTEMPTS_MAX: u32 = 16;

/// A client's choice of transports: the fallback state of each endpoint, and the current attempt.
#[derive(Debug)]
pub(super) struct TransportChoice {
    fallbacks: Vec<PollingFallback>,
    endpoint: usize,
    /// True if the attempt may try both transports.
    may_try_both: bool,
    uses_polling: bool,
    /// Number of consecutive polling connections with scattered requests since the fault phase ended.
    scattered_attempt_count: u32,
}

impl TransportChoice {
    pub(super) fn new(endpoint_count: usize) -> Self {
        let fallbacks = std::iter::repeat_with(PollingFallback::default).take(endpoint_count).collect();
        Self { fallbacks, endpoint: 0, may_try_both: false, uses_polling: false, scattered_attempt_count: 0 }
    }
}

impl World {
    /// Chooses the transport of a new connection attempt.
    pub(super) fn begin_attempt(&self, client: usize, running: &mut ProgramRun, endpoint: usize, may_try_both: bool) {
        let transports = &mut running.transports;
        let uses_polling = transports.fallbacks[endpoint].take_polling_preference(self.client_now(client).mono);
        (transports.endpoint, transports.may_try_both, transports.uses_polling) =
            (endpoint, may_try_both, uses_polling);
    }

    /// Opens the transport of an attempt that has reached the server. Returns `false` if the balancer refuses WebSocket
    /// and the attempt may not fall back to long-polling.
    pub(super) fn open_transport(&mut self, running: &mut ProgramRun, id: u64) -> bool {
        let transports = &mut running.transports;
        let is_refused = self.faults_active && self.dice.chance(self.scenario.balancer.refused_websocket_rate);
        if is_refused && !transports.uses_polling {
            let fallback = &mut transports.fallbacks[transports.endpoint];
            if !transports.may_try_both {
                fallback.on_websocket_refused();
                self.connections.remove(&id);
                return false;
            }
            fallback.on_polling_opened();
            transports.uses_polling = true;
        }
        let scatters_requests = transports.uses_polling && self.scenario.balancer.scatters_requests;
        transports.scattered_attempt_count =
            if scatters_requests && !self.faults_active { transports.scattered_attempt_count + 1 } else { 0 };
        assert!(
            transports.scattered_attempt_count <= SCATTERED_ATTEMPTS_MAX,
            "a client never stops polling although polling does not work"
        );
        self.tally.polling_connections += u64::from(transports.uses_polling);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.scatters_requests = scatters_requests;
        }
        true
    }

    /// Records that the client's connection is usable, and counts the first return to WebSocket after a lost polling
    /// session.
    pub(super) fn on_connection_usable(&mut self, client: usize, running: &mut ProgramRun, endpoint: usize) {
        let transports = &mut running.transports;
        transports.fallbacks[endpoint].on_connection_usable(self.client_now(client).mono);
        if !transports.uses_polling && std::mem::take(&mut self.clients[client].lost_polling_session) {
            self.tally.returns_to_websocket += 1;
        }
    }

    /// Randomly decides whether the next request of a session with scattered requests reaches a node that does not know
    /// the session. If so, ends the session and returns `true`.
    pub(super) fn maybe_lose_polling_session(&mut self, id: u64) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if !connection.scatters_requests || !connection.is_healthy() || self.dice.index(NODE_COUNT) == 0 {
            return false;
        }
        self.tally.wrong_node_requests += 1;
        connection.reached_wrong_node = true;
        self.clients[connection.client].lost_polling_session = true;
        self.cut(id, &[Side::Client, Side::Server], false);
        let pause = self.dice.duration_ms(1, 300);
        self.schedule_after(pause, ScheduledAction::NoticeClosed(id, Side::Client));
        true
    }
}
