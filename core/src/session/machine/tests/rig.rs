//! A machine with a clock of its own and somebody who watches everything that comes out of it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::SmallRng};

use super::super::Machine;
use crate::{
    Error,
    events::Event,
    session::{
        BackfillRequest, Command, Cursor, Fault, Input, Now, Output, Proof, ReconnectPolicy, SessionConfig, State,
        Token,
    },
    sio,
};

/// What the streams are told.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // most of them are the large one
pub(super) enum Told {
    Opened(String),
    Placed(String, Cursor),
    Event(Event),
    Ended(String, Option<Error>),
    EndedAll,
}

#[derive(Debug)]
struct InFlight {
    ack: u64,
    joining: bool,
    project: String,
    since: Instant,
}

pub(super) struct Rig {
    machine: Machine,
    config: SessionConfig,
    start: Now,
    passed: Duration,
    tokens: u64,
    /// Commands that are not answered yet.
    pub(super) pending: BTreeMap<Token, &'static str>,
    pub(super) answers: HashMap<Token, Result<Option<String>, Error>>,
    /// The attempt that waits for a report.
    pub(super) dial: Option<u64>,
    pub(super) given_up: Vec<u64>,
    pub(super) open: bool,
    /// Frames for the server, of this connection.
    pub(super) sent: VecDeque<String>,
    sent_at: VecDeque<Instant>,
    dialed_at: VecDeque<Instant>,
    in_flight: Option<InFlight>,
    pub(super) told: VecDeque<Told>,
    pub(super) backfills: Vec<BackfillRequest>,
    pub(super) state: &'static str,
    pub(super) probes: u64,
}

impl Rig {
    pub(super) fn new(config: SessionConfig, seed: u64) -> Self {
        Self {
            machine: Machine::new(config.clone(), SmallRng::seed_from_u64(seed)),
            config,
            start: Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH },
            passed: Duration::ZERO,
            tokens: 0,
            pending: BTreeMap::new(),
            answers: HashMap::new(),
            dial: None,
            given_up: Vec::new(),
            open: false,
            sent: VecDeque::new(),
            sent_at: VecDeque::new(),
            dialed_at: VecDeque::new(),
            in_flight: None,
            told: VecDeque::new(),
            backfills: Vec::new(),
            state: "idle",
            probes: 0,
        }
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: self.start.mono + self.passed, wall: self.start.wall + self.passed }
    }

    pub(super) fn closed(&self) -> bool {
        self.state == "closed"
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(self.now(), input);
        self.drain();
        // Whoever comes back when told to must find that time has been taken in: else the driver would spin.
        let mut ticks = 0;
        while self.machine.poll_timeout().is_some_and(|at| at <= self.now().mono) {
            ticks += 1;
            assert!(ticks < 4, "a timer that never advances");
            self.machine.handle(self.now(), Input::Tick);
            self.drain();
        }
    }

    pub(super) fn command(&mut self, what: &'static str, make: impl FnOnce(Token) -> Command) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.pending.insert(token, what);
        self.handle(Input::Command(make(token)));
        token
    }

    pub(super) fn connect(&mut self) -> Token {
        self.command("connect", |token| Command::Connect { token })
    }

    pub(super) fn join(&mut self, project: &str, after: Option<Cursor>) -> Token {
        self.command("join", |token| Command::Join { token, project: project.into(), after })
    }

    pub(super) fn leave(&mut self, project: &str) -> Token {
        self.command("leave", |token| Command::Leave { token, project: project.into() })
    }

    pub(super) fn emit(&mut self, ack: Option<Duration>) -> Token {
        self.command("emit", |token| Command::Emit { token, name: "hello".into(), data: None, ack })
    }

    pub(super) fn close(&mut self) -> Token {
        self.command("close", |token| Command::Close { token })
    }

    pub(super) fn dial_done(&mut self) {
        let Some(id) = self.dial.take() else { return };
        self.open = true;
        self.handle(Input::Dialed { id, proof: Proof::default(), auth: None });
    }

    pub(super) fn dial_failed(&mut self, fault: Fault) {
        let Some(id) = self.dial.take() else { return };
        self.handle(Input::DialFailed { id, fault });
    }

    /// The whole of a good handshake, as far as there is an attempt.
    pub(super) fn greet(&mut self) {
        self.dial_done();
        self.frame(r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#);
        self.frame(r#"40{"sid":"s"}"#);
        self.frame(r#"42["connected",{"message":"Connected to AutoModerate"}]"#);
    }

    pub(super) fn cut(&mut self) {
        if self.open {
            self.open = false;
            self.forget_connection();
            self.handle(Input::TransportLost(Fault::PeerClosed("cut".into())));
        }
    }

    pub(super) fn frame(&mut self, text: &str) {
        if self.open {
            self.note_answer(text);
            self.handle(Input::Frame(text));
        }
    }

    pub(super) fn binary(&mut self, bytes: &[u8]) {
        if self.open {
            self.handle(Input::Binary(bytes));
        }
    }

    /// Time passes at once, as when a computer wakes up.
    pub(super) fn jump(&mut self, time: Duration) {
        self.passed += time;
        self.handle(Input::Tick);
    }

    /// Time passes, and every timer rings at its moment. `meanwhile` is called after each.
    pub(super) fn run(&mut self, time: Duration, mut meanwhile: impl FnMut(&mut Self)) {
        let until = self.passed + time;
        for steps in 0.. {
            assert!(steps < 200_000, "timers without end");
            meanwhile(self);
            match self.machine.poll_timeout().map(|at| at.saturating_duration_since(self.start.mono)) {
                Some(at) if at <= until => {
                    self.passed = self.passed.max(at);
                    self.handle(Input::Tick);
                }
                _ => break,
            }
        }
        self.passed = until;
        self.handle(Input::Tick);
    }

    fn forget_connection(&mut self) {
        self.sent.clear();
        self.sent_at.clear();
        self.in_flight = None;
    }

    /// The server has answered the join or leave in flight; the next one may come in the same breath.
    fn note_answer(&mut self, text: &str) {
        let Some(in_flight) = &self.in_flight else { return };
        let Some(packet) = text.strip_prefix('4').and_then(|text| sio::decode(text).ok()) else { return };
        let answered = match packet.kind {
            sio::Kind::Ack => packet.id == Some(in_flight.ack),
            sio::Kind::Event => sio::split_event(packet.data).is_ok_and(|(name, data)| {
                let right_kind = match &*name {
                    "joined_project" => in_flight.joining,
                    "left_project" => !in_flight.joining,
                    "error" | "project_access_denied" => true,
                    _ => false,
                };
                let first = serde_json::Deserializer::from_str(data).into_iter::<serde_json::Value>().next();
                let named = match &first {
                    Some(Ok(value)) => value.get("project_id").and_then(serde_json::Value::as_str),
                    _ => None,
                };
                right_kind && named.is_none_or(|named| named == in_flight.project)
            }),
            _ => false,
        };
        if answered {
            self.in_flight = None;
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            let absorbed = matches!(output, Output::Done { .. } | Output::Failed { .. });
            assert!(!self.closed() || absorbed, "closed, and yet: {output:?}");
            self.take(output);
        }
        if self.closed() {
            assert_eq!(self.machine.poll_timeout(), None, "closed, and yet it waits for something");
        }
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Dial { id, .. } => self.check_dial(id),
            Output::Send(packet) => self.check_send(packet),
            Output::CloseTransport { .. } => {
                self.open = false;
                self.given_up.extend(self.dial.take());
                self.forget_connection();
            }
            Output::Probe => self.probes += 1,
            Output::State(state) => self.check_state(&state),
            Output::Opened { project } => self.told.push_back(Told::Opened(project.to_string())),
            Output::Placed { project, cursor } => self.told.push_back(Told::Placed(project.to_string(), cursor)),
            Output::Events(run) => self.told.extend(run.into_iter().map(Told::Event)),
            Output::Ended { project, error } => self.told.push_back(Told::Ended(project.to_string(), error)),
            Output::EndedAll { .. } => self.told.push_back(Told::EndedAll),
            Output::Done { token, data } => self.check_answer(token, Ok(data)),
            Output::Failed { token, error } => self.check_answer(token, Err(error)),
            Output::Backfill(request) => self.backfills.push(request),
            Output::CaughtUp { .. } => panic!("no stream has asked for anything"),
        }
    }

    fn check_answer(&mut self, token: Token, answer: Result<Option<String>, Error>) {
        let what = self.pending.remove(&token);
        assert!(what.is_some(), "{token:?} was answered twice; now with {answer:?}");
        self.answers.insert(token, answer);
    }

    fn check_dial(&mut self, id: u64) {
        assert!(!self.open && self.dial.is_none(), "an attempt beside another");
        self.dial = Some(id);
        let now = self.now().mono;
        self.dialed_at.push_back(now);
        self.dialed_at.retain(|at| now.duration_since(*at) < Duration::from_secs(60));
        let limit = self.config.reconnect.as_ref().map_or(u32::MAX, |policy| policy.max_attempts_per_minute);
        assert!(self.dialed_at.len() <= limit as usize, "{} attempts in a minute", self.dialed_at.len());
    }

    fn check_send(&mut self, packet: String) {
        assert!(self.open, "{packet:?} is sent on no connection");
        let now = self.now().mono;
        let event = packet.strip_prefix('4').and_then(|text| sio::decode(text).ok());
        if let Some(event) = event.filter(|packet| packet.kind == sio::Kind::Event) {
            self.sent_at.push_back(now);
            self.sent_at.retain(|at| now.duration_since(*at) < Duration::from_secs(60));
            if let Some(limit) = self.config.rate_limit {
                assert!(self.sent_at.len() <= limit as usize, "{} events in a minute", self.sent_at.len());
            }
            let (name, data) = sio::split_event(event.data).unwrap();
            if matches!(&*name, "join_project" | "leave_project") {
                let value: serde_json::Value = serde_json::from_str(data).unwrap();
                let project = value["project_id"].as_str().unwrap().to_owned();
                if let Some(before) = &self.in_flight {
                    let waited = now.duration_since(before.since);
                    assert!(waited >= self.config.join_timeout, "{packet} beside {before:?}");
                }
                let ack = event.id.expect("joins and leaves ask for an acknowledgement");
                self.in_flight = Some(InFlight { ack, joining: name == "join_project", project, since: now });
            }
        }
        self.sent.push_back(packet);
    }

    fn check_state(&mut self, state: &State) {
        let next = state.as_str();
        let good = match self.state {
            "idle" => matches!(next, "connecting" | "closing"),
            "connecting" => matches!(next, "connected" | "closing" | "closed"),
            "connected" => matches!(next, "reconnecting" | "closing" | "closed"),
            "reconnecting" => matches!(next, "reconnecting" | "connected" | "closing" | "closed"),
            "closing" => next == "closed",
            _ => false,
        };
        assert!(good, "from {} to {next}", self.state);
        self.state = next;
    }
}

/// A policy that is quick, so that few steps see many attempts.
pub(super) fn quick() -> SessionConfig {
    let reconnect = ReconnectPolicy { jitter: 0.0, max_attempts_per_minute: 1_000, ..ReconnectPolicy::default() };
    SessionConfig { reconnect: Some(reconnect), heartbeat_interval: None, rate_limit: None, ..SessionConfig::default() }
}
