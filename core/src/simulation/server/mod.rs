//! Model of a server that replays events as documented and otherwise behaves like known servers.

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
    admission::KeyRefusal,
    contents::{ModelContents, RowDefect},
    log::{Log, LogPosition},
    publisher::LiveEvent,
};
use super::{
    action::ScheduledAction,
    network::{PROBE, PROBE_REPLY, Side},
    world::World,
};
use crate::sio;

/// Number of the server's nodes, which share a database. Each node has its own endpoint.
pub(super) const NODE_COUNT: usize = 2;
const MINUTE: Duration = Duration::from_secs(60);
/// Error messages that the server sends in reply to an unknown event.
const ERRORS_FOR_UNKNOWN_EVENTS: [&str; 4] =
    ["Unknown command", "No.", "token bucket exhausted", "The session handler has failed"];
const PING_TIMEOUT_MS: u64 = 20_000;

#[derive(Debug)]
pub(super) struct Server {
    pub(super) is_up: bool,
    /// True for each node that is running.
    pub(super) running_nodes: [bool; NODE_COUNT],
    /// Number of crashes so far, which identifies the server's current run.
    pub(super) crash_count: u64,
    /// Time until which the server drops connections right after accepting them.
    pub(super) unstable_until: Duration,
    pub(super) logs: Vec<Log>,
    /// Items of each project, used if the server has no log.
    pub(super) contents: Vec<ModelContents>,
    /// Items of another project, which clients never join.
    pub(super) foreign_contents: ModelContents,
}

/// The server's side of a connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) is_open: bool,
    is_namespace_connected: bool,
    /// Projects that the client has joined.
    rooms: BTreeSet<usize>,
    /// Times of the requests in the last minute, for the rate limit.
    recent_request_times: VecDeque<Duration>,
    /// Time until which the socket is busy with requests that must be handled in order.
    busy_until: Duration,
    /// Time of the oldest ping that has not been answered.
    unanswered_ping_at: Option<Duration>,
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            is_open: true,
            is_namespace_connected: false,
            rooms: BTreeSet::new(),
            recent_request_times: VecDeque::new(),
            busy_until: Duration::ZERO,
            unanswered_ping_at: None,
        }
    }
}

/// Event that a client sent to the server.
#[derive(Debug)]
pub(super) struct ClientRequest {
    name: String,
    project: Option<usize>,
    data: Value,
    ack_id: Option<u64>,
    arrived_at: Duration,
}

impl Server {
    pub(super) fn new(projects: usize) -> Self {
        let logs = (0..projects).map(|at| Log::new(format!("p{at}"))).collect();
        let contents = (0..projects).map(|at| ModelContents::new(format!("p{at}"))).collect();
        Self {
            is_up: true,
            running_nodes: [true; NODE_COUNT],
            crash_count: 0,
            unstable_until: Duration::ZERO,
            logs,
            contents,
            foreign_contents: ModelContents::new("foreign".into()),
        }
    }

    pub(super) fn project_index(&self, name: &str) -> Option<usize> {
        self.logs.iter().position(|log| log.project_id == name)
    }
}

impl World {
    fn socket(&mut self, id: u64) -> Option<&mut Socket> {
        self.connections.get_mut(&id).map(|connection| &mut connection.socket).filter(|socket| socket.is_open)
    }

    fn emit(&mut self, id: u64, name: &str, data: &Value) {
        self.send_frame(id, Side::Client, format!("42{}", json!([name, data])));
    }

    /// Accepts a connection by sending the Engine.IO `OPEN` packet.
    pub(super) fn send_open_packet(&mut self, id: u64) {
        let interval = self.scenario.server.ping_interval_ms;
        let open = json!({"sid": "e", "upgrades": [], "pingInterval": interval, "pingTimeout": PING_TIMEOUT_MS});
        self.send_frame(id, Side::Client, format!("0{open}"));
        self.schedule_after(Duration::from_millis(interval), ScheduledAction::SendPing(id));
    }

    pub(super) fn send_ping(&mut self, id: u64) {
        let (now, interval) = (self.now, self.scenario.server.ping_interval_ms);
        let Some(socket) = self.socket(id) else { return };
        if socket.unanswered_ping_at.is_some_and(|request| now - request >= Duration::from_millis(PING_TIMEOUT_MS)) {
            return self.close_server_side(id, true);
        }
        socket.unanswered_ping_at.get_or_insert(now);
        self.send_frame(id, Side::Client, "2".into());
        self.schedule_after(Duration::from_millis(interval), ScheduledAction::SendPing(id));
    }

    pub(super) fn on_client_frame(&mut self, id: u64, frame: &str) {
        let connected_first = self.scenario.server.sends_connected_before_ack;
        let Some(client) = self.connections.get(&id).map(|connection| connection.client) else { return };
        let has_bad_key = self.clients[client].has_bad_key;
        let Some(socket) = self.socket(id) else { return };
        match frame {
            "3" => return socket.unanswered_ping_at = None,
            PROBE => return self.send_frame(id, Side::Client, PROBE_REPLY.into()),
            _ => {}
        }
        let Some(packet) = frame.strip_prefix('4').and_then(|text| sio::decode(text).ok()) else { return };
        match packet.kind {
            sio::PacketKind::Connect if has_bad_key => self.refuse_connection(id),
            sio::PacketKind::Connect => {
                socket.is_namespace_connected = true;
                let connected = json!({"message": "Connected to AutoModerate"});
                if connected_first {
                    self.emit(id, "connected", &connected);
                }
                self.send_frame(id, Side::Client, r#"40{"sid":"s"}"#.into());
                if !connected_first && !self.is_unstable() {
                    self.emit(id, "connected", &connected);
                }
                self.drop_if_unstable(id);
            }
            sio::PacketKind::Disconnect => self.close_server_side(id, true),
            sio::PacketKind::Event if socket.is_namespace_connected => {
                let Ok((name, data)) = sio::split_event(packet.data) else { return };
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let project = data["project_id"].as_str().and_then(|name| self.server.project_index(name));
                let request = ClientRequest {
                    name: name.into_owned(),
                    project,
                    data,
                    ack_id: packet.ack_id,
                    arrived_at: self.now,
                };
                let within = if self.faults_active { self.scenario.server.reply_delay_max_ms } else { 20 };
                let mut at = self.now + self.dice.duration_ms(0, within);
                if request.name != "replay_events" {
                    // All requests except page requests are executed in order, even if the replies to them are out of
                    // order.
                    let Some(socket) = self.socket(id) else { return };
                    socket.busy_until = socket.busy_until.max(at);
                    at = socket.busy_until;
                }
                self.schedule_at(at, ScheduledAction::HandleRequest(id, request));
            }
            _ => {}
        }
    }

    /// Handles a client's request, which has already been delayed. Page requests can overtake other requests and be
    /// overtaken by them; all other requests stay in order.
    pub(super) fn handle_request(&mut self, id: u64, request: &ClientRequest) {
        let (now, limit) = (self.now, self.scenario.server.socket_requests_per_minute);
        let Some(socket) = self.socket(id) else { return };
        socket.recent_request_times.retain(|at| now - *at < MINUTE);
        if socket.recent_request_times.len() >= limit {
            let wait = socket.recent_request_times.front().map_or(MINUTE, |at| MINUTE - (now - *at));
            let seconds = wait.as_secs() + 1;
            let words = json!({"message": "Too many events", "code": "rate_limited", "retry_after": seconds});
            return self.refuse_request(id, request, words);
        }
        socket.recent_request_times.push_back(now);
        match (&*request.name, request.project) {
            ("join_project", Some(project)) => self.handle_join(id, request, project),
            ("leave_project", Some(project)) => {
                socket.rooms.remove(&project);
                let left = json!({"project_id": self.server.logs[project].project_id});
                self.reply(id, request, &[("left_project", left)], json!({"ok": true}));
            }
            ("replay_events", Some(project)) => self.handle_replay(id, request, project),
            ("custom", _) => {
                self.tally.unknown_event_errors += 1;
                let message = self.dice.pick(&ERRORS_FOR_UNKNOWN_EVENTS);
                self.reply(id, request, &[("error", json!({"message": message}))], json!({}));
            }
            _ => {}
        }
    }

    pub(super) fn send_frames(&mut self, id: u64, frames: Vec<String>) {
        if self.socket(id).is_some() {
            frames.into_iter().for_each(|frame| self.send_frame(id, Side::Client, frame));
        }
    }

    /// Crashes the server, which loses all replies that it has not sent, and schedules its restart.
    pub(super) fn crash_server(&mut self) {
        self.server.is_up = false;
        self.server.crash_count += 1;
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            let is_noticed = self.dice.chance(0.8);
            self.close_server_side(id, is_noticed);
        }
        let pause = self.dice.duration_ms(50, 60_000);
        self.schedule_after(pause, ScheduledAction::StartServer);
    }

    /// Crashes a random node, which is restarted later.
    pub(super) fn crash_random_node(&mut self) {
        let node = self.dice.index(NODE_COUNT);
        if !std::mem::replace(&mut self.server.running_nodes[node], false) {
            return;
        }
        self.tally.node_crashes += 1;
        let connections = self.connections.iter().filter(|(_, connection)| connection.node == node);
        for id in connections.map(|(id, _)| *id).collect::<Vec<_>>() {
            let is_noticed = self.dice.chance(0.8);
            self.close_server_side(id, is_noticed);
        }
        let pause = self.dice.duration_ms(50, 60_000);
        self.schedule_after(pause, ScheduledAction::StartNode(node));
    }

    /// Restarts the server with its previous logs, with older logs from a backup, or with new logs.
    pub(super) fn start_server(&mut self) {
        self.server.is_up = true;
        let behaviour = &self.scenario.server;
        let (restore_rate, loses) = match self.faults_active && behaviour.has_log {
            true => (self.dice.chance(behaviour.restore_rate), self.dice.chance(behaviour.log_loss_rate)),
            false => (false, false),
        };
        for log in &mut self.server.logs {
            if loses {
                log.replace();
            } else if restore_rate {
                log.restore_backup(self.dice.between(1, 12));
            }
        }
        self.tally.server_restarts += 1;
        self.maybe_start_unstable_phase();
    }
}
