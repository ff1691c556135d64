//! The network, with the faults that are physically possible.
//!
//! On one connection, frames arrive in order and once, after any delay: TCP guarantees that, and long-polling has one
//! request at a time. Frames may stall; nothing may arrive from some frame on (a cut, in one direction or both, which
//! either side notices sooner, later or, in a black hole, never); and without TLS a frame may be damaged. A client that
//! has given up a connection receives nothing more from it, but what it had sent may still reach the server next to its
//! new connection. Live events that are lost, duplicated or out of order are another matter: brokers inside a server
//! cause that, see `server/publisher`.

use std::{collections::VecDeque, time::Duration};

use super::{
    dice::Dice,
    server::Socket,
    world::{Action, World},
};
use crate::session::ConnectionFailure;

/// Packets below Engine.IO: a probe for a sign of life, and its answer.
const BELOW: char = '\u{1}';
pub(super) const PROBE: &str = "\u{1}probe";
pub(super) const ALIVE: &str = "\u{1}alive";

/// Receiver of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

#[derive(Debug, Default)]
struct Link {
    queue: VecDeque<(Duration, String)>,
    last: Duration,
    dead: bool,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: usize,
    pub(super) node: usize,
    pub(super) client_open: bool,
    /// True if each of its requests may reach another process; true if one has.
    pub(super) scattered: bool,
    pub(super) astray: bool,
    pub(super) socket: Socket,
    to_client: Link,
    to_server: Link,
}

impl Connection {
    /// Returns `true` if frames of both sides arrive.
    pub(super) fn is_healthy(&self) -> bool {
        self.client_open && self.socket.open && !self.to_client.dead && !self.to_server.dead
    }

    fn link(&mut self, to: Side) -> &mut Link {
        match to {
            Side::Client => &mut self.to_client,
            Side::Server => &mut self.to_server,
        }
    }
}

impl World {
    /// Starts a client's connection attempt, which succeeds, fails, or never ends.
    pub(super) fn dial(&mut self, client: usize, life: u64, attempt: u64, node: usize) {
        let fails = self.troubled && self.dice.chance(self.scenario.wire.dial_fails);
        if fails && self.dice.chance(0.2) {
            return;
        }
        let pause = self.dice.pause(1, if self.troubled { 3_000 } else { 50 });
        self.after(pause, Action::Dialed { client, life, attempt, node, fails });
    }

    /// Opens the connection of an attempt, if a server is at its other end.
    pub(super) fn connect(&mut self, client: usize, node: usize) -> Option<u64> {
        if !self.server.up || !self.server.nodes[node] {
            return None;
        }
        self.dialed += 1;
        let connection = Connection {
            client,
            node,
            client_open: true,
            scattered: false,
            astray: false,
            socket: Socket::default(),
            to_client: Link::default(),
            to_server: Link::default(),
        };
        self.connections.insert(self.dialed, connection);
        Some(self.dialed)
    }

    pub(super) fn send(&mut self, id: u64, to: Side, mut frame: String) {
        if to == Side::Server && self.goes_astray(id) {
            return;
        }
        let wire = &self.scenario.wire;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.link(to).dead {
            return;
        }
        let mut delay = self.dice.pause(0, if self.troubled { wire.delay } else { wire.delay.min(40) });
        if self.troubled && self.dice.chance(wire.stalls) {
            delay += self.dice.pause(100, 15_000);
        }
        if self.troubled && !frame.starts_with(BELOW) && self.dice.chance(wire.garbles) {
            frame = garble(&frame, &mut self.dice);
            self.tally.garbled += 1;
        }
        let link = connection.link(to);
        link.last = link.last.max(self.now + delay);
        let at = link.last;
        link.queue.push_back((at, frame));
        self.at(at, Action::Deliver(id, to));
    }

    /// Delivers the frames that are due.
    pub(super) fn deliver(&mut self, id: u64, to: Side) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (now, client) = (self.now, connection.client);
        let mut due = Vec::new();
        let link = connection.link(to);
        while link.queue.front().is_some_and(|(at, _)| *at <= now) {
            due.extend(link.queue.pop_front().map(|(_, frame)| frame));
        }
        let open = connection.client_open;
        self.trace(|| format!("         to the {to:?} of client {client}: {due:?}"));
        match to {
            Side::Client if open && !due.is_empty() => {
                self.goes_astray(id);
                self.on_frames_arrived(client, &due);
            }
            Side::Server => due.iter().for_each(|frame| self.on_frame(id, frame)),
            Side::Client => {}
        }
    }

    /// Cuts the connection from a random frame on, in the given directions.
    pub(super) fn cut(&mut self, id: u64, sides: &[Side], told: bool) {
        for to in sides.iter().copied() {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let link = connection.link(to);
            link.dead = true;
            link.queue.truncate(self.dice.between(0, link.queue.len() as u64) as usize);
            let last = link.queue.back().map_or(self.now, |(at, _)| (*at).max(self.now));
            if told {
                let pause = self.dice.pause(0, 3_000);
                self.at(last + pause, Action::NoticeClosed(id, to));
            }
        }
    }

    /// Notifies one side that the connection is gone.
    pub(super) fn notice_closed(&mut self, id: u64, side: Side) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match side {
            Side::Client if connection.client_open => {
                connection.client_open = false;
                let client = connection.client;
                let fault = match connection.astray {
                    true => ConnectionFailure::SessionUnknown("400".into()),
                    false => ConnectionFailure::PeerClosed("cut".into()),
                };
                self.on_connection_lost(client, fault);
            }
            Side::Server => connection.socket.open = false,
            Side::Client => {}
        }
        self.remove_if_closed(id);
    }

    /// Closes the client's end. Frames that it had sent may arrive, and the server may or may not notice.
    pub(super) fn hang_up(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.client_open = false;
        connection.to_client.dead = true;
        connection.to_client.queue.clear();
        let told = !self.troubled || self.dice.chance(0.8);
        self.cut(id, &[Side::Server], told);
        self.remove_if_closed(id);
    }

    /// Removes a connection that both sides have given up.
    fn remove_if_closed(&mut self, id: u64) {
        if self.connections.get(&id).is_some_and(|connection| !connection.client_open && !connection.socket.open) {
            self.connections.remove(&id);
        }
    }

    pub(super) fn close_socket(&mut self, id: u64, told: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.socket.open = false;
        connection.to_server.dead = true;
        self.cut(id, &[Side::Client], told);
        self.remove_if_closed(id);
    }
}

/// Damages a frame detectably. A digit that became another can't be detected by anyone.
fn garble(frame: &str, dice: &mut Dice) -> String {
    let damaged: Vec<_> = frame.char_indices().filter(|(_, c)| "{}[]\",:".contains(*c)).map(|(at, _)| at).collect();
    if damaged.is_empty() || dice.chance(0.3) {
        return frame.chars().take(dice.index(frame.len().max(1))).collect();
    }
    let at = dice.pick(&damaged);
    format!("{}\u{1}{}", &frame[..at], &frame[at + 1..])
}
