//! A machine with its own clock, and checks of all its outputs.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::SmallRng};

use super::{super::Machine, rules::Rules};
use crate::{
    Error,
    events::{Cursor, Event},
    session::{
        BackfillRequest, Command, ConnectionFailure, CredentialStatus, Input, Now, Output, Page, PageRequest,
        ReconnectPolicy, SessionConfig, Token,
    },
};

/// Outputs for the streams.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // Most values are of the large variant.
pub(super) enum Told {
    ProjectOpened(String),
    StreamStarted(String, Cursor),
    Event(Event),
    Ended(String, Option<Error>),
    EndedAll,
}

pub(super) struct Rig {
    machine: Machine,
    start: Now,
    passed: Duration,
    tokens: u64,
    /// Commands without an answer, and their names.
    pub(super) pending: BTreeMap<Token, &'static str>,
    pub(super) answers: HashMap<Token, Result<Option<String>, Error>>,
    /// Id of the attempt in progress.
    pub(super) dial: Option<u64>,
    pub(super) given_up: Vec<u64>,
    pub(super) open: bool,
    /// Frames that the client has sent to the server on this connection.
    pub(super) sent: VecDeque<String>,
    rules: Rules,
    pub(super) told: VecDeque<Told>,
    pub(super) backfills: Vec<BackfillRequest>,
    pub(super) probes: u64,
    pages_wanted: u64,
    /// Answers to the page requests of streams: the id after which events were requested, and the page.
    pub(super) pages: Vec<(u64, Option<Page>)>,
}

impl Rig {
    pub(super) fn new(config: SessionConfig, seed: u64) -> Self {
        Self {
            rules: Rules::new(config.clone()),
            machine: Machine::new(config, SmallRng::seed_from_u64(seed)),
            start: Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH },
            passed: Duration::ZERO,
            tokens: 0,
            pending: BTreeMap::new(),
            answers: HashMap::new(),
            dial: None,
            given_up: Vec::new(),
            open: false,
            sent: VecDeque::new(),
            told: VecDeque::new(),
            backfills: Vec::new(),
            probes: 0,
            pages_wanted: 0,
            pages: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: self.start.mono + self.passed, wall: self.start.wall + self.passed }
    }

    /// Lets the computer sleep for this time. Only the wall clock advances.
    pub(super) fn sleep(&mut self, time: Duration) {
        self.start.wall += time;
    }

    pub(super) fn state(&self) -> &'static str {
        self.rules.state
    }

    pub(super) fn closed(&self) -> bool {
        self.state() == "closed"
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(self.now(), input);
        self.drain();
        // The machine must have handled every deadline that has passed. Otherwise the driver would spin.
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

    /// Requests a page for a stream's backlog.
    pub(super) fn want_page(&mut self, request: PageRequest) {
        self.pages_wanted += 1;
        self.handle(Input::Command(Command::Page(request)));
    }

    pub(super) fn dial_done(&mut self) {
        let Some(id) = self.dial.take() else { return };
        self.open = true;
        self.handle(Input::Dialed { id, credential_status: CredentialStatus::default(), auth: None });
    }

    pub(super) fn dial_failed(&mut self, failure: ConnectionFailure) {
        let Some(id) = self.dial.take() else { return };
        self.handle(Input::DialFailed { id, failure });
    }

    /// Completes the handshake, if an attempt is in progress.
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
            self.handle(Input::TransportLost(ConnectionFailure::PeerClosed("cut".into())));
        }
    }

    pub(super) fn frame(&mut self, text: &str) {
        if self.open {
            self.rules.hears(text);
            self.handle(Input::Frame(text));
        }
    }

    pub(super) fn binary(&mut self, bytes: &[u8]) {
        if self.open {
            self.handle(Input::Binary(bytes));
        }
    }

    /// Lets time pass all at once, as when a computer wakes up.
    pub(super) fn jump(&mut self, time: Duration) {
        self.passed += time;
        self.handle(Input::Tick);
    }

    /// Lets time pass and fires each timer at its time. Calls `meanwhile` before each timer.
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
        self.rules.forgets_connection();
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            let absorbed = matches!(output, Output::Done { .. } | Output::Failed { .. } | Output::EndedAll { .. });
            assert!(!self.closed() || absorbed, "closed, and yet: {output:?}");
            let ended = matches!(output, Output::EndedAll { .. });
            assert!(!ended || self.closed(), "streams end before the state says why");
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
            Output::Announced { .. } => {}
            Output::State(state) => self.rules.becomes(&state),
            Output::ProjectOpened { project } => self.told.push_back(Told::ProjectOpened(project.to_string())),
            Output::StreamStarted { project, cursor } => {
                self.told.push_back(Told::StreamStarted(project.to_string(), cursor))
            }
            Output::Events(run) => self.told.extend(run.into_iter().map(Told::Event)),
            Output::Ended { project, error } => self.told.push_back(Told::Ended(project.to_string(), error)),
            Output::EndedAll { .. } => self.told.push_back(Told::EndedAll),
            Output::Done { token, data } => self.check_answer(token, Ok(data)),
            Output::Failed { token, error } => self.check_answer(token, Err(error)),
            Output::Backfill(request) => self.backfills.push(request),
            Output::PageArrived { after, page, .. } => {
                assert!(self.pages_wanted > 0, "no stream has asked for anything");
                self.pages_wanted -= 1;
                self.pages.push((after, page));
            }
        }
    }

    fn check_answer(&mut self, token: Token, answer: Result<Option<String>, Error>) {
        let what = self.pending.remove(&token);
        assert!(what.is_some(), "{token:?} was answered twice; now with {answer:?}");
        self.answers.insert(token, answer);
    }

    fn check_dial(&mut self, id: u64) {
        assert!(!self.open && self.dial.is_none(), "an attempt next to another");
        self.dial = Some(id);
        self.rules.dials(self.now().mono);
    }

    fn check_send(&mut self, packet: String) {
        assert!(self.open, "{packet:?} is sent on no connection");
        self.rules.sends(self.now().mono, &packet);
        self.sent.push_back(packet);
    }
}

/// Returns a configuration that reconnects quickly, so a few steps cover many attempts.
pub(super) fn quick() -> SessionConfig {
    let reconnect = ReconnectPolicy { jitter: 0.0, max_attempts_per_minute: 1_000, ..ReconnectPolicy::default() };
    SessionConfig { reconnect: Some(reconnect), heartbeat_interval: None, rate_limit: None, ..SessionConfig::default() }
}
