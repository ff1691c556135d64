//! Refusal of connections. A server that has just started may also drop connections right after accepting them.

use std::time::Duration;

use serde_json::json;

use super::super::{action::ScheduledAction, network::Side, world::World};

/// Way in which the server refuses a bad API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) enum KeyRefusal {
    /// The server sends a CONNECT_ERROR.
    ConnectError,
    /// The server emits `authentication_failed` and then sends a DISCONNECT.
    Event,
    /// The server sends a DISCONNECT instead of the acknowledgement.
    Disconnect,
    /// The server accepts the connection but refuses all joins.
    AtJoins,
}

impl World {
    /// Returns `true` while the server drops new connections.
    pub(super) fn is_unstable(&self) -> bool {
        self.faults_active && self.now < self.server.unstable_until
    }

    /// Randomly decides whether the server, which has just started, drops new connections for a while.
    pub(in crate::simulation) fn maybe_start_unstable_phase(&mut self) {
        if self.faults_active && self.dice.chance(self.scenario.server.unstable_start_rate) {
            self.server.unstable_until = self.now + self.dice.duration_ms(500, 30_000);
        }
    }

    /// Drops a connection that was just acknowledged, if the server is unstable.
    pub(super) fn drop_if_unstable(&mut self, id: u64) {
        if self.is_unstable() {
            self.tally.fresh_connections_dropped += 1;
            let (pause, sends_disconnect) = (self.dice.duration_ms(0, 300), self.dice.chance(0.5));
            self.schedule_after(pause, ScheduledAction::DropConnection(id, sends_disconnect));
        }
    }

    pub(in crate::simulation) fn drop_connection(&mut self, id: u64, sends_disconnect: bool) {
        if sends_disconnect {
            self.send_frame(id, Side::Client, "41".into());
        }
        self.close_after_sent_frames(id);
    }

    pub(super) fn refuse_connection(&mut self, id: u64) {
        match self.scenario.server.key_refusal {
            KeyRefusal::ConnectError => {
                self.send_frame(id, Side::Client, r#"44{"message":"Authentication required"}"#.into())
            }
            KeyRefusal::Event => {
                let data = json!({"message": "Authentication required", "code": "authentication_failed"});
                self.emit(id, "authentication_failed", &data);
                self.send_frame(id, Side::Client, "41".into());
            }
            KeyRefusal::Disconnect => self.send_frame(id, Side::Client, "41".into()),
            KeyRefusal::AtJoins => {
                if let Some(socket) = self.socket(id) {
                    socket.is_namespace_connected = true;
                }
                return self.send_frame(id, Side::Client, r#"40{"sid":"s"}"#.into());
            }
        }
        self.close_after_sent_frames(id);
    }

    /// Closes a socket. The client notices the closure after it has received all earlier frames, unless one of them
    /// stalls.
    fn close_after_sent_frames(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.socket.is_open = false;
        let pause = Duration::from_millis(self.scenario.network.frame_delay_max_ms + 1) + self.dice.duration_ms(0, 100);
        self.schedule_after(pause, ScheduledAction::NoticeClosed(id, Side::Client));
    }
}
