//! The network, as far as it is physically possible.
//!
//! On one connection frames arrive in their order, each once, after whatever time: TCP sees to that, and long-polling
//! has one request at a time. What can happen to them is that they stall, that from some frame on nothing arrives (a
//! cut, of which either side learns sooner, later or, in a black hole, never; in one direction or both), and, where
//! there is no TLS, that one of them is garbled. Of an old connection nothing reaches a client that has given it up,
//! but what the client had sent may still reach the server beside the new one. Live events that are lost, doubled or
//! out of order are another matter: brokers behind a server do that, see `server/publisher`.

use std::{collections::VecDeque, time::Duration};

use super::{
    dice::Dice,
    server::Socket,
    world::{Act, World},
};
use crate::session::ConnectionFailure;

/// What is below Engine.IO: a question for a sign of life, and the answer.
const BELOW: char = '\u{1}';
pub(super) const PROBE: &str = "\u{1}probe";
pub(super) const ALIVE: &str = "\u{1}alive";

/// Whom frames are for.
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
    /// Each of its requests may meet another process, and one has.
    pub(super) scattered: bool,
    pub(super) astray: bool,
    pub(super) socket: Socket,
    to_client: Link,
    to_server: Link,
}

impl Connection {
    /// Whether what either side sends arrives.
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
    /// A client's attempt to connect: it succeeds, fails, or is never heard of again.
    pub(super) fn dial(&mut self, client: usize, life: u64, attempt: u64, node: usize) {
        let fails = self.troubled && self.dice.chance(self.scenario.wire.dial_fails);
        if fails && self.dice.chance(0.2) {
            return;
        }
        let pause = self.dice.pause(1, if self.troubled { 3_000 } else { 50 });
        self.after(pause, Act::Dialed { client, life, attempt, node, fails });
    }

    /// The connection that an attempt has made, if there is a server at its other end.
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
        self.at(at, Act::Carry(id, to));
    }

    /// Hands over what has arrived.
    pub(super) fn carry(&mut self, id: u64, to: Side) {
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
                self.hear(client, &due);
            }
            Side::Server => due.iter().for_each(|frame| self.receive(id, frame)),
            Side::Client => {}
        }
    }

    /// From some frame on, nothing more arrives on either way, or on one.
    pub(super) fn cut(&mut self, id: u64, sides: &[Side], told: bool) {
        for to in sides.iter().copied() {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let link = connection.link(to);
            link.dead = true;
            link.queue.truncate(self.dice.between(0, link.queue.len() as u64) as usize);
            let last = link.queue.back().map_or(self.now, |(at, _)| (*at).max(self.now));
            if told {
                let pause = self.dice.pause(0, 3_000);
                self.at(last + pause, Act::Learn(id, to));
            }
        }
    }

    /// One side learns that the connection is gone.
    pub(super) fn learn(&mut self, id: u64, side: Side) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match side {
            Side::Client if connection.client_open => {
                connection.client_open = false;
                let client = connection.client;
                let fault = match connection.astray {
                    true => ConnectionFailure::SessionUnknown("400".into()),
                    false => ConnectionFailure::PeerClosed("cut".into()),
                };
                self.lose(client, fault);
            }
            Side::Server => connection.socket.open = false,
            Side::Client => {}
        }
        self.bury(id);
    }

    /// The client has closed its end. What it had sent may arrive, and the server learns of it, or not.
    pub(super) fn hang_up(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.client_open = false;
        connection.to_client.dead = true;
        connection.to_client.queue.clear();
        let told = !self.troubled || self.dice.chance(0.8);
        self.cut(id, &[Side::Server], told);
        self.bury(id);
    }

    /// Forgets a connection that both sides have given up.
    fn bury(&mut self, id: u64) {
        if self.connections.get(&id).is_some_and(|connection| !connection.client_open && !connection.socket.open) {
            self.connections.remove(&id);
        }
    }

    pub(super) fn close_socket(&mut self, id: u64, told: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.socket.open = false;
        connection.to_server.dead = true;
        self.cut(id, &[Side::Client], told);
        self.bury(id);
    }
}

/// Damages a frame so that it can be noticed. What can't be, a digit that became another, nobody can mend.
fn garble(frame: &str, dice: &mut Dice) -> String {
    let damaged: Vec<_> = frame.char_indices().filter(|(_, c)| "{}[]\",:".contains(*c)).map(|(at, _)| at).collect();
    if damaged.is_empty() || dice.chance(0.3) {
        return frame.chars().take(dice.index(frame.len().max(1))).collect();
    }
    let at = dice.pick(&damaged);
    format!("{}\u{1}{}", &frame[..at], &frame[at + 1..])
}
