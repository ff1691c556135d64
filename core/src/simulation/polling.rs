//! Clients that fall back to long-polling where WebSocket is refused, through a balancer that may send each request of
//! a session to another process of the server. A process that does not know the session answers 400, which ends the
//! session.

use super::{
    network::Side,
    process::Running,
    server::NODES,
    world::{Action, World},
};
use crate::driver::PollingFallback;

/// Largest number of consecutive failed attempts by polling. More are not chance: each is acknowledged with a
/// probability of a quarter.
const POLLED_MAX: u32 = 16;

/// A client's transports: the fallback of each endpoint, and the attempt in progress.
#[derive(Debug)]
pub(super) struct Transports {
    fallbacks: Vec<PollingFallback>,
    endpoint: usize,
    /// True if the attempt may try both transports.
    tries_both: bool,
    by_polling: bool,
    /// Consecutive failed attempts by polling since the trouble ended.
    polled: u32,
}

impl Transports {
    pub(super) fn new(endpoints: usize) -> Self {
        let fallbacks = std::iter::repeat_with(PollingFallback::default).take(endpoints).collect();
        Self { fallbacks, endpoint: 0, tries_both: false, by_polling: false, polled: 0 }
    }
}

impl World {
    /// Starts an attempt.
    pub(super) fn begin_attempt(&self, at: usize, running: &mut Running, endpoint: usize, tries_both: bool) {
        let transports = &mut running.transports;
        let by_polling = transports.fallbacks[endpoint].begin(self.present(at).mono);
        (transports.endpoint, transports.tries_both, transports.by_polling) = (endpoint, tries_both, by_polling);
    }

    /// Opens a transport after the attempt has reached the server; returns `true` if it is open.
    pub(super) fn open_transport(&mut self, running: &mut Running, id: u64) -> bool {
        let transports = &mut running.transports;
        let refuses = self.troubled && self.dice.chance(self.scenario.balancer.refuses_websocket);
        if refuses && !transports.by_polling {
            let fallback = &mut transports.fallbacks[transports.endpoint];
            if !transports.tries_both {
                fallback.websocket_refused();
                self.connections.remove(&id);
                return false;
            }
            fallback.polling_opened();
            transports.by_polling = true;
        }
        let scattered = transports.by_polling && self.scenario.balancer.scatters;
        transports.polled = if scattered && !self.troubled { transports.polled + 1 } else { 0 };
        assert!(transports.polled <= POLLED_MAX, "polling that does not work is never given up");
        self.tally.polled += u64::from(transports.by_polling);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.scattered = scattered;
        }
        true
    }

    /// Notes that the server has admitted the client.
    pub(super) fn on_announced(&mut self, at: usize, running: &mut Running, endpoint: usize) {
        let transports = &mut running.transports;
        transports.fallbacks[endpoint].on_acknowledged(self.present(at).mono);
        if !transports.by_polling && std::mem::take(&mut self.clients[at].astray) {
            self.tally.back_by_websocket += 1;
        }
    }

    /// Returns `true` if the next request of a session reaches a process that does not know it. That ends the session.
    pub(super) fn goes_astray(&mut self, id: u64) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        if !connection.scattered || !connection.is_healthy() || self.dice.index(NODES) == 0 {
            return false;
        }
        self.tally.astray += 1;
        connection.astray = true;
        self.clients[connection.client].astray = true;
        self.cut(id, &[Side::Client, Side::Server], false);
        let pause = self.dice.pause(1, 300);
        self.after(pause, Action::NoticeClosed(id, Side::Client));
        true
    }
}
