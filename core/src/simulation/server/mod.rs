//! A model of a server that follows the replay rules, with the behaviour of known servers.

mod admission;
mod contents;
mod listing;
mod log;
mod publisher;
mod replay;
mod rooms;

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

pub(super) use self::{
    admission::Refusal,
    contents::{Contents, RowDefect},
    log::{Log, LogPosition},
    publisher::Published,
};
use super::{
    network::{ALIVE, PROBE, Side},
    world::{Action, World},
};
use crate::sio;

/// Number of the server's processes, which share the database; each has its own endpoint.
pub(super) const NODES: usize = 2;
const MINUTE: Duration = Duration::from_secs(60);
/// Messages of a server about an event that it does not know.
const STRAY_WORDS: [&str; 4] = ["Unknown command", "No.", "token bucket exhausted", "The session handler has failed"];
const PING_TIMEOUT: u64 = 20_000;

#[derive(Debug)]
pub(super) struct Server {
    pub(super) up: bool,
    /// True for each process that runs.
    pub(super) nodes: [bool; NODES],
    /// Number of its restarts.
    pub(super) life: u64,
    /// Time until which it drops connections right after accepting them.
    pub(super) warming_until: Duration,
    pub(super) logs: Vec<Log>,
    /// Items of each project, if it has no log.
    pub(super) contents: Vec<Contents>,
    /// Items of another project, which no client joins.
    pub(super) foreign: Contents,
}

/// The server's end of one connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) open: bool,
    connected: bool,
    rooms: BTreeSet<usize>,
    accepted: VecDeque<Duration>,
    busy_until: Duration,
    /// Time of a ping that was not answered yet.
    asked: Option<Duration>,
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            open: true,
            connected: false,
            rooms: BTreeSet::new(),
            accepted: VecDeque::new(),
            busy_until: Duration::ZERO,
            asked: None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Request {
    name: String,
    project: Option<usize>,
    data: Value,
    ack: Option<u64>,
    /// Time of its arrival.
    arrived_at: Duration,
}

impl Server {
    pub(super) fn new(projects: usize) -> Self {
        let logs = (0..projects).map(|at| Log::new(format!("p{at}"))).collect();
        let contents = (0..projects).map(|at| Contents::new(format!("p{at}"))).collect();
        Self {
            up: true,
            nodes: [true; NODES],
            life: 0,
            warming_until: Duration::ZERO,
            logs,
            contents,
            foreign: Contents::new("foreign".into()),
        }
    }

    pub(super) fn project(&self, name: &str) -> Option<usize> {
        self.logs.iter().position(|log| log.name == name)
    }
}

impl World {
    fn socket(&mut self, id: u64) -> Option<&mut Socket> {
        self.connections.get_mut(&id).map(|connection| &mut connection.socket).filter(|socket| socket.open)
    }

    fn emit(&mut self, id: u64, name: &str, data: &Value) {
        self.send(id, Side::Client, format!("42{}", json!([name, data])));
    }

    /// Accepts a connection.
    pub(super) fn greet(&mut self, id: u64) {
        let interval = self.scenario.server.ping_interval;
        let open = json!({"sid": "e", "upgrades": [], "pingInterval": interval, "pingTimeout": PING_TIMEOUT});
        self.send(id, Side::Client, format!("0{open}"));
        self.after(Duration::from_millis(interval), Action::Ping(id));
    }

    pub(super) fn ping(&mut self, id: u64) {
        let (now, interval) = (self.now, self.scenario.server.ping_interval);
        let Some(socket) = self.socket(id) else { return };
        if socket.asked.is_some_and(|asked| now - asked >= Duration::from_millis(PING_TIMEOUT)) {
            return self.close_socket(id, true);
        }
        socket.asked.get_or_insert(now);
        self.send(id, Side::Client, "2".into());
        self.after(Duration::from_millis(interval), Action::Ping(id));
    }

    pub(super) fn on_frame(&mut self, id: u64, frame: &str) {
        let early = self.scenario.server.early_connected;
        let Some(client) = self.connections.get(&id).map(|connection| connection.client) else { return };
        let bad_key = self.clients[client].bad_key;
        let Some(socket) = self.socket(id) else { return };
        match frame {
            "3" => return socket.asked = None,
            PROBE => return self.send(id, Side::Client, ALIVE.into()),
            _ => {}
        }
        let Some(packet) = frame.strip_prefix('4').and_then(|text| sio::decode(text).ok()) else { return };
        match packet.kind {
            sio::Kind::Connect if bad_key => self.refuse_connection(id),
            sio::Kind::Connect => {
                socket.connected = true;
                let connected = json!({"message": "Connected to AutoModerate"});
                if early {
                    self.emit(id, "connected", &connected);
                }
                self.send(id, Side::Client, r#"40{"sid":"s"}"#.into());
                if !early && !self.is_warming() {
                    self.emit(id, "connected", &connected);
                }
                self.drop_if_warming(id);
            }
            sio::Kind::Disconnect => self.close_socket(id, true),
            sio::Kind::Event if socket.connected => {
                let Ok((name, data)) = sio::split_event(packet.data) else { return };
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let project = data["project_id"].as_str().and_then(|name| self.server.project(name));
                let request = Request { name: name.into_owned(), project, data, ack: packet.id, arrived_at: self.now };
                let within = if self.troubled { self.scenario.server.answers_within } else { 20 };
                let mut at = self.now + self.dice.pause(0, within);
                if request.name != "replay_events" {
                    // Requests about rooms are carried out in order, whenever they are answered.
                    let Some(socket) = self.socket(id) else { return };
                    socket.busy_until = socket.busy_until.max(at);
                    at = socket.busy_until;
                }
                self.at(at, Action::Serve(id, request));
            }
            _ => {}
        }
    }

    /// Handles a client's request. Requests are handled concurrently.
    pub(super) fn serve(&mut self, id: u64, request: &Request) {
        let (now, limit) = (self.now, self.scenario.server.per_minute);
        let Some(socket) = self.socket(id) else { return };
        socket.accepted.retain(|at| now - *at < MINUTE);
        if socket.accepted.len() >= limit {
            let wait = socket.accepted.front().map_or(MINUTE, |at| MINUTE - (now - *at));
            let seconds = wait.as_secs() + 1;
            let words = json!({"message": "Too many events", "code": "rate_limited", "retry_after": seconds});
            return self.refuse(id, request, words);
        }
        socket.accepted.push_back(now);
        match (&*request.name, request.project) {
            ("join_project", Some(project)) => self.join(id, request, project),
            ("leave_project", Some(project)) => {
                socket.rooms.remove(&project);
                let left = json!({"project_id": self.server.logs[project].name});
                self.answer(id, request, &[("left_project", left)], json!({"ok": true}));
            }
            ("replay_events", Some(project)) => self.replay(id, request, project),
            ("custom", _) => {
                self.tally.strays += 1;
                let message = self.dice.pick(&STRAY_WORDS);
                self.answer(id, request, &[("error", json!({"message": message}))], json!({}));
            }
            _ => {}
        }
    }

    pub(super) fn send_frames(&mut self, id: u64, frames: Vec<String>) {
        if self.socket(id).is_some() {
            frames.into_iter().for_each(|frame| self.send(id, Side::Client, frame));
        }
    }

    /// Crashes the server, with everything that it had not sent yet.
    pub(super) fn crash(&mut self) {
        self.server.up = false;
        self.server.life += 1;
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            let told = self.dice.chance(0.8);
            self.close_socket(id, told);
        }
        let pause = self.dice.pause(50, 60_000);
        self.after(pause, Action::StartServer);
    }

    /// Crashes one of its processes, which is replaced later.
    pub(super) fn crash_node(&mut self) {
        let node = self.dice.index(NODES);
        if !std::mem::replace(&mut self.server.nodes[node], false) {
            return;
        }
        self.tally.nodes_lost += 1;
        let there = self.connections.iter().filter(|(_, connection)| connection.node == node);
        for id in there.map(|(id, _)| *id).collect::<Vec<_>>() {
            let told = self.dice.chance(0.8);
            self.close_socket(id, told);
        }
        let pause = self.dice.pause(50, 60_000);
        self.after(pause, Action::StartNode(node));
    }

    /// Starts the server again: with its log, with an older one, or with a new one.
    pub(super) fn start_server(&mut self) {
        self.server.up = true;
        let behaviour = &self.scenario.server;
        let (restores, loses) = match self.troubled && behaviour.has_log {
            true => (self.dice.chance(behaviour.restores), self.dice.chance(behaviour.loses_log)),
            false => (false, false),
        };
        for log in &mut self.server.logs {
            if loses {
                log.start_over();
            } else if restores {
                log.restore(self.dice.between(1, 12));
            }
        }
        self.tally.restarts += 1;
        self.warm_up();
    }
}
