//! The network, with all faults that are physically possible.
//!
//! Frames on a connection arrive at most once and in order, after a delay of any length. TCP guarantees this for
//! WebSocket, and long-polling sends only one request at a time. These faults may occur:
//!
//! - A frame stalls.
//! - The connection is cut in one or both directions. Each side notices the cut immediately, later or never.
//! - A frame is damaged, which is possible only without TLS.
//! - Frames that a client sent before it abandoned a connection still reach the server, even after the client has
//!   opened a new connection.
//!
//! Loss, duplication and reordering of live events are not faults of the network but of the brokers inside the server,
//! which `server/publisher` simulates.

use std::{collections::VecDeque, time::Duration};

use super::{action::ScheduledAction, dice::Dice, server::Socket, world::World};
use crate::session::ConnectionFailure;

/// First character of the transport's own packets, which Engine.IO does not see.
const TRANSPORT_PACKET_PREFIX: char = '\u{1}';
/// Packet that tests whether the other side is alive.
pub(super) const PROBE: &str = "\u{1}probe";
pub(super) const PROBE_REPLY: &str = "\u{1}alive";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Link {
    /// Frames in flight, with their times of arrival.
    queue: VecDeque<(Duration, String)>,
    /// Arrival time of the last frame that was sent.
    last_arrival_at: Duration,
    is_dead: bool,
}

/// Connection of a client to a node of the server.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: usize,
    pub(super) node: usize,
    pub(super) is_client_open: bool,
    /// True if each request may reach a different node.
    pub(super) scatters_requests: bool,
    /// True if a request has reached a node that does not know the session.
    pub(super) reached_wrong_node: bool,
    pub(super) socket: Socket,
    to_client: Link,
    to_server: Link,
}

impl Connection {
    /// Returns `true` if frames arrive in both directions.
    pub(super) fn is_healthy(&self) -> bool {
        self.is_client_open && self.socket.is_open && !self.to_client.is_dead && !self.to_server.is_dead
    }

    fn link(&mut self, to: Side) -> &mut Link {
        match to {
            Side::Client => &mut self.to_client,
            Side::Server => &mut self.to_server,
        }
    }
}

impl World {
    /// Starts a client's connection attempt, which succeeds, fails or never ends.
    pub(super) fn dial(&mut self, client: usize, run_number: u64, attempt: u64, node: usize) {
        let fails = self.faults_active && self.dice.chance(self.scenario.network.dial_failure_rate);
        if fails && self.dice.chance(0.2) {
            return;
        }
        let pause = self.dice.duration_ms(1, if self.faults_active { 3_000 } else { 50 });
        self.schedule_after(pause, ScheduledAction::Dialed { client, run_number, attempt, node, fails });
    }

    /// Opens a connection and returns its id, or returns `None` if the server or the node is not running.
    pub(super) fn open_connection(&mut self, client: usize, node: usize) -> Option<u64> {
        if !self.server.is_up || !self.server.running_nodes[node] {
            return None;
        }
        self.last_connection_id += 1;
        let connection = Connection {
            client,
            node,
            is_client_open: true,
            scatters_requests: false,
            reached_wrong_node: false,
            socket: Socket::default(),
            to_client: Link::default(),
            to_server: Link::default(),
        };
        self.connections.insert(self.last_connection_id, connection);
        Some(self.last_connection_id)
    }

    /// Sends a frame to one side of a connection, with delays and faults.
    pub(super) fn send_frame(&mut self, id: u64, to: Side, mut frame: String) {
        if to == Side::Server && self.maybe_lose_polling_session(id) {
            return;
        }
        let network = &self.scenario.network;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.link(to).is_dead {
            return;
        }
        let mut delay = self.dice.duration_ms(
            0,
            if self.faults_active { network.frame_delay_max_ms } else { network.frame_delay_max_ms.min(40) },
        );
        if self.faults_active && self.dice.chance(network.stall_rate) {
            delay += self.dice.duration_ms(100, 15_000);
        }
        if self.faults_active && !frame.starts_with(TRANSPORT_PACKET_PREFIX) && self.dice.chance(network.garble_rate) {
            frame = garble(&frame, &mut self.dice);
            self.tally.frames_garbled += 1;
        }
        let link = connection.link(to);
        link.last_arrival_at = link.last_arrival_at.max(self.now + delay);
        let at = link.last_arrival_at;
        link.queue.push_back((at, frame));
        self.schedule_at(at, ScheduledAction::DeliverFrames(id, to));
    }

    /// Delivers all frames that have arrived at one side.
    pub(super) fn deliver_frames(&mut self, id: u64, to: Side) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (now, client) = (self.now, connection.client);
        let mut due = Vec::new();
        let link = connection.link(to);
        while link.queue.front().is_some_and(|(at, _)| *at <= now) {
            due.extend(link.queue.pop_front().map(|(_, frame)| frame));
        }
        let open = connection.is_client_open;
        self.trace(|| format!("         to the {to:?} of client {client}: {due:?}"));
        match to {
            Side::Client if open && !due.is_empty() => {
                self.maybe_lose_polling_session(id);
                self.on_frames_arrived(client, &due);
            }
            Side::Server => due.iter().for_each(|frame| self.on_client_frame(id, frame)),
            Side::Client => {}
        }
    }

    /// Cuts the connection in these directions. A random number of the frames in flight are lost.
    pub(super) fn cut(&mut self, id: u64, sides: &[Side], is_noticed: bool) {
        for to in sides.iter().copied() {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let link = connection.link(to);
            link.is_dead = true;
            link.queue.truncate(self.dice.between(0, link.queue.len() as u64) as usize);
            let last = link.queue.back().map_or(self.now, |(at, _)| (*at).max(self.now));
            if is_noticed {
                let pause = self.dice.duration_ms(0, 3_000);
                self.schedule_at(last + pause, ScheduledAction::NoticeClosed(id, to));
            }
        }
    }

    /// Lets one side notice that the connection is closed.
    pub(super) fn notice_closed(&mut self, id: u64, side: Side) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match side {
            Side::Client if connection.is_client_open => {
                connection.is_client_open = false;
                let client = connection.client;
                let fault = match connection.reached_wrong_node {
                    true => ConnectionFailure::SessionUnknown("400".into()),
                    false => ConnectionFailure::PeerClosed("cut".into()),
                };
                self.on_connection_lost(client, fault);
            }
            Side::Server => connection.socket.is_open = false,
            Side::Client => {}
        }
        self.remove_if_closed(id);
    }

    /// Closes the client's side. Frames in flight to the server may still arrive, and sometimes the server does not
    /// notice the closure.
    pub(super) fn close_client_side(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.is_client_open = false;
        connection.to_client.is_dead = true;
        connection.to_client.queue.clear();
        let is_noticed = !self.faults_active || self.dice.chance(0.8);
        self.cut(id, &[Side::Server], is_noticed);
        self.remove_if_closed(id);
    }

    /// Removes the connection if both sides have closed it.
    fn remove_if_closed(&mut self, id: u64) {
        if self.connections.get(&id).is_some_and(|connection| !connection.is_client_open && !connection.socket.is_open)
        {
            self.connections.remove(&id);
        }
    }

    pub(super) fn close_server_side(&mut self, id: u64, is_noticed: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.socket.is_open = false;
        connection.to_server.is_dead = true;
        self.cut(id, &[Side::Client], is_noticed);
        self.remove_if_closed(id);
    }
}

/// Damages a frame in a way that makes it invalid. If one digit were changed into another, the damage could not be
/// detected.
fn garble(frame: &str, dice: &mut Dice) -> String {
    let damaged: Vec<_> = frame.char_indices().filter(|(_, c)| "{}[]\",:".contains(*c)).map(|(at, _)| at).collect();
    if damaged.is_empty() || dice.chance(0.3) {
        return frame.chars().take(dice.index(frame.len().max(1))).collect();
    }
    let at = dice.pick(&damaged);
    format!("{}\u{1}{}", &frame[..at], &frame[at + 1..])
}
