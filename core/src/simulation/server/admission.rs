//! Servers that refuse a connection, or drop it right after accepting it because they are still starting.

use std::time::Duration;

use serde_json::json;

use super::super::{
    network::Side,
    world::{Action, World},
};

/// Forms in which servers refuse credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) enum Refusal {
    ConnectError,
    /// `authentication_failed`, followed by a DISCONNECT.
    Event,
    /// A DISCONNECT before the acknowledgement.
    Wordless,
    /// An accepted connection on which joins are refused.
    AtJoins,
}

impl World {
    pub(super) fn is_warming(&self) -> bool {
        self.troubled && self.now < self.server.warming_until
    }

    /// Starts the server, which may not be ready at once.
    pub(in crate::simulation) fn warm_up(&mut self) {
        if self.troubled && self.dice.chance(self.scenario.server.warms) {
            self.server.warming_until = self.now + self.dice.pause(500, 30_000);
        }
    }

    /// Drops a connection that was just acknowledged, if the server is still starting.
    pub(super) fn drop_if_warming(&mut self, id: u64) {
        if self.is_warming() {
            self.tally.dropped_fresh += 1;
            let (pause, says_so) = (self.dice.pause(0, 300), self.dice.chance(0.5));
            self.after(pause, Action::DropConnection(id, says_so));
        }
    }

    pub(in crate::simulation) fn drop_connection(&mut self, id: u64, says_so: bool) {
        if says_so {
            self.send(id, Side::Client, "41".into());
        }
        self.end_socket(id);
    }

    pub(super) fn refuse_connection(&mut self, id: u64) {
        match self.scenario.server.refusal {
            Refusal::ConnectError => self.send(id, Side::Client, r#"44{"message":"Authentication required"}"#.into()),
            Refusal::Event => {
                let words = json!({"message": "Authentication required", "code": "authentication_failed"});
                self.emit(id, "authentication_failed", &words);
                self.send(id, Side::Client, "41".into());
            }
            Refusal::Wordless => self.send(id, Side::Client, "41".into()),
            Refusal::AtJoins => {
                if let Some(socket) = self.socket(id) {
                    socket.connected = true;
                }
                return self.send(id, Side::Client, r#"40{"sid":"s"}"#.into());
            }
        }
        self.end_socket(id);
    }

    /// Closes a socket after the frames sent on it.
    fn end_socket(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.socket.open = false;
        let pause = Duration::from_millis(self.scenario.wire.delay + 1) + self.dice.pause(0, 100);
        self.after(pause, Action::NoticeClosed(id, Side::Client));
    }
}
