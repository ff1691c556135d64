//! Rig that runs a machine with a simulated clock and checks the machine's outputs against the invariants.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::SmallRng};

use super::{super::Machine, invariants::InvariantChecker};
use crate::{
    Error,
    events::{Cursor, Event},
    session::{
        BackfillRequest, BacklogPageRequest, Command, CommandId, ConnectionFailure, Input, LogPage, LoginStatus, Now,
        Output, ReconnectPolicy, SessionConfig,
    },
};

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // Most values are of the large variant.
pub(super) enum StreamOutput {
    ProjectOpened(String),
    StreamStarted(String, Cursor),
    Event(Event),
    Ended(String, Option<Error>),
    ClientEnded,
}

pub(super) struct Rig {
    machine: Machine,
    start: Now,
    elapsed: Duration,
    last_command_id: u64,
    /// Unanswered commands and their names.
    pub(super) pending_commands: BTreeMap<CommandId, &'static str>,
    pub(super) answers: HashMap<CommandId, Result<Option<String>, Error>>,
    /// Id of the attempt in progress.
    pub(super) pending_attempt_id: Option<u64>,
    pub(super) abandoned_attempts: Vec<u64>,
    pub(super) is_open: bool,
    /// Frames that the client has sent on this connection and that the test has not taken yet.
    pub(super) sent_frames: VecDeque<String>,
    invariants: InvariantChecker,
    pub(super) stream_outputs: VecDeque<StreamOutput>,
    pub(super) backfill_requests: Vec<BackfillRequest>,
    pub(super) probe_count: u64,
    pending_page_requests: u64,
    /// Answers to the page requests of streams: the id after which events were requested, and the page if the request
    /// has succeeded.
    pub(super) page_replies: Vec<(u64, Option<LogPage>)>,
}

impl Rig {
    pub(super) fn new(config: SessionConfig, seed: u64) -> Self {
        Self {
            invariants: InvariantChecker::new(config.clone()),
            machine: Machine::new(config, SmallRng::seed_from_u64(seed)),
            start: Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH },
            elapsed: Duration::ZERO,
            last_command_id: 0,
            pending_commands: BTreeMap::new(),
            answers: HashMap::new(),
            pending_attempt_id: None,
            abandoned_attempts: Vec::new(),
            is_open: false,
            sent_frames: VecDeque::new(),
            stream_outputs: VecDeque::new(),
            backfill_requests: Vec::new(),
            probe_count: 0,
            pending_page_requests: 0,
            page_replies: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: self.start.mono + self.elapsed, wall: self.start.wall + self.elapsed }
    }

    /// Lets the computer sleep for this long. Only the wall clock advances.
    pub(super) fn suspend_computer(&mut self, time: Duration) {
        self.start.wall += time;
    }

    pub(super) fn state(&self) -> &'static str {
        self.invariants.state
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state() == "closed"
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(self.now(), input);
        self.drain_outputs();
        // Within a few ticks, the machine must handle every deadline that has passed. Otherwise, the driver would call
        // the machine again and again without waiting.
        let mut ticks = 0;
        while self.machine.poll_timeout().is_some_and(|at| at <= self.now().mono) {
            ticks += 1;
            assert!(ticks < 4, "a timer fires again without advancing");
            self.machine.handle(self.now(), Input::Tick);
            self.drain_outputs();
        }
    }

    pub(super) fn command(&mut self, what: &'static str, make: impl FnOnce(CommandId) -> Command) -> CommandId {
        self.last_command_id += 1;
        let command_id = CommandId(self.last_command_id);
        self.pending_commands.insert(command_id, what);
        self.handle(Input::Command(make(command_id)));
        command_id
    }

    pub(super) fn connect(&mut self) -> CommandId {
        self.command("connect", |command_id| Command::Connect { command_id })
    }

    pub(super) fn join(&mut self, project: &str, after: Option<Cursor>) -> CommandId {
        self.command("join", |command_id| Command::Join { command_id, project: project.into(), after })
    }

    pub(super) fn leave(&mut self, project: &str) -> CommandId {
        self.command("leave", |command_id| Command::Leave { command_id, project: project.into() })
    }

    pub(super) fn emit(&mut self, ack: Option<Duration>) -> CommandId {
        self.command("emit", |command_id| Command::Emit {
            command_id,
            name: "hello".into(),
            data: None,
            ack_timeout: ack,
        })
    }

    pub(super) fn close(&mut self) -> CommandId {
        self.command("close", |command_id| Command::Close { command_id })
    }

    /// Requests a page for a stream's backlog.
    pub(super) fn request_page(&mut self, request: BacklogPageRequest) {
        self.pending_page_requests += 1;
        self.handle(Input::Command(Command::RequestPage(request)));
    }

    pub(super) fn complete_dial(&mut self) {
        let Some(id) = self.pending_attempt_id.take() else { return };
        self.is_open = true;
        self.handle(Input::Dialed { id, login_status: LoginStatus::default(), auth_payload: None });
    }

    pub(super) fn fail_dial(&mut self, failure: ConnectionFailure) {
        let Some(id) = self.pending_attempt_id.take() else { return };
        self.handle(Input::DialFailed { id, failure });
    }

    /// Completes the attempt in progress, if any. Then, if a connection is open, the server sends its part of the
    /// handshake.
    pub(super) fn complete_handshake(&mut self) {
        self.complete_dial();
        self.receive(r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#);
        self.receive(r#"40{"sid":"s"}"#);
        self.receive(r#"42["connected",{"message":"Connected to AutoModerate"}]"#);
    }

    pub(super) fn drop_connection(&mut self) {
        if self.is_open {
            self.is_open = false;
            self.forget_connection();
            self.handle(Input::TransportLost(ConnectionFailure::PeerClosed("cut".into())));
        }
    }

    pub(super) fn receive(&mut self, text: &str) {
        if self.is_open {
            self.invariants.on_frame(text);
            self.handle(Input::Frame(text));
        }
    }

    pub(super) fn receive_binary(&mut self, bytes: &[u8]) {
        if self.is_open {
            self.handle(Input::Binary(bytes));
        }
    }

    /// Lets time pass all at once, as when a computer wakes up.
    pub(super) fn advance_at_once(&mut self, time: Duration) {
        self.elapsed += time;
        self.handle(Input::Tick);
    }

    /// Lets time pass and fires each timer at its time. Calls `meanwhile` before each timer and once after the last.
    pub(super) fn run_for(&mut self, time: Duration, mut meanwhile: impl FnMut(&mut Self)) {
        let until = self.elapsed + time;
        for steps in 0.. {
            assert!(steps < 200_000, "timers fire without end");
            meanwhile(self);
            match self.machine.poll_timeout().map(|at| at.saturating_duration_since(self.start.mono)) {
                Some(at) if at <= until => {
                    self.elapsed = self.elapsed.max(at);
                    self.handle(Input::Tick);
                }
                _ => break,
            }
        }
        self.elapsed = until;
        self.handle(Input::Tick);
    }

    fn forget_connection(&mut self) {
        self.sent_frames.clear();
        self.invariants.on_connection_lost();
    }

    fn drain_outputs(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            let absorbed = matches!(
                output,
                Output::CommandDone { .. } | Output::CommandFailed { .. } | Output::ClientEnded { .. }
            );
            assert!(!self.is_closed() || absorbed, "output after `closed`: {output:?}");
            let ended = matches!(output, Output::ClientEnded { .. });
            assert!(!ended || self.is_closed(), "streams ended before the state reported the reason");
            self.record_output(output);
        }
        if self.is_closed() {
            assert_eq!(self.machine.poll_timeout(), None, "a closed machine still has a timer");
        }
    }

    fn record_output(&mut self, output: Output) {
        match output {
            Output::Dial { id, .. } => self.check_dial(id),
            Output::Send(packet) => self.check_send(packet),
            Output::CloseTransport { .. } => {
                self.is_open = false;
                self.abandoned_attempts.extend(self.pending_attempt_id.take());
                self.forget_connection();
            }
            Output::Probe => self.probe_count += 1,
            Output::ConnectionUsable { .. } => {}
            Output::State(state) => self.invariants.on_state(&state),
            Output::ProjectOpened { project } => {
                self.stream_outputs.push_back(StreamOutput::ProjectOpened(project.to_string()))
            }
            Output::StreamStarted { project, cursor } => {
                self.stream_outputs.push_back(StreamOutput::StreamStarted(project.to_string(), cursor))
            }
            Output::Events(batch) => self.stream_outputs.extend(batch.into_iter().map(StreamOutput::Event)),
            Output::ProjectEnded { project, error } => {
                self.stream_outputs.push_back(StreamOutput::Ended(project.to_string(), error))
            }
            Output::ClientEnded { .. } => self.stream_outputs.push_back(StreamOutput::ClientEnded),
            Output::CommandDone { command_id, data } => self.check_answer(command_id, Ok(data)),
            Output::CommandFailed { command_id, error } => self.check_answer(command_id, Err(error)),
            Output::Backfill(request) => self.backfill_requests.push(request),
            Output::BacklogPageReply { after, page, .. } => {
                assert!(self.pending_page_requests > 0, "a page reply without a page request");
                self.pending_page_requests -= 1;
                self.page_replies.push((after, page));
            }
        }
    }

    fn check_answer(&mut self, command_id: CommandId, answer: Result<Option<String>, Error>) {
        let what = self.pending_commands.remove(&command_id);
        assert!(what.is_some(), "second answer to {command_id:?}: {answer:?}");
        self.answers.insert(command_id, answer);
    }

    fn check_dial(&mut self, id: u64) {
        assert!(!self.is_open && self.pending_attempt_id.is_none(), "a second attempt while another is in progress");
        self.pending_attempt_id = Some(id);
        self.invariants.on_dial(self.now().mono);
    }

    fn check_send(&mut self, packet: String) {
        assert!(self.is_open, "{packet:?} was sent without a connection");
        self.invariants.on_send(self.now().mono, &packet);
        self.sent_frames.push_back(packet);
    }
}

/// Returns a configuration in which neither jitter nor the limit on attempts delays reconnections, so that a few steps
/// cover many attempts.
pub(super) fn quick_reconnect_config() -> SessionConfig {
    let reconnect = ReconnectPolicy { jitter: 0.0, max_attempts_per_minute: 1_000, ..ReconnectPolicy::default() };
    SessionConfig { reconnect: Some(reconnect), heartbeat_interval: None, rate_limit: None, ..SessionConfig::default() }
}
