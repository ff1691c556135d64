//! Entry points through which fuzz targets reach private code.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    events::{Event, ProjectId},
    session::{Command, CommandId, ConnectionFailure, Input, LoginStatus, Machine, Now, Output, SessionConfig},
};

/// Maximum number of outputs that one input may cause in a machine with two projects.
const OUTPUTS_PER_INPUT_MAX: usize = 64;
/// Increase in [`OUTPUTS_PER_INPUT_MAX`] for each additional project. A lost connection, for example, affects every
/// project.
const OUTPUTS_PER_ADDITIONAL_PROJECT: usize = 4;

/// Returns the CSRF token in the login form of this page.
#[cfg(feature = "rest")]
#[must_use]
pub fn login_csrf_token(page: &str) -> Option<String> {
    crate::driver::csrf_token(page)
}

/// Runs a script on a session with two projects, and returns the number of delivered events.
///
/// Each line is a text frame from the server, unless it starts with one of these characters: `!` lets the given number
/// of tenths of a second pass, `#` delivers a binary frame, and `*` joins another project. The line `-` cuts the
/// connection.
///
/// # Panics
/// Panics if the session loses an event without a gap, if it delivers an event twice or out of order, if an input
/// causes too many outputs, if an unexpected output follows the end of the session, or if the session's timers don't
/// advance.
pub fn run_session_script(script: &[u8]) -> usize {
    let mut run = SessionRun::new();
    run.handle(Input::Command(Command::Connect { command_id: CommandId(1) }));
    for (command_id, project) in [(2, "p"), (3, "q")] {
        run.handle(Input::Command(Command::Join {
            command_id: CommandId(command_id),
            project: project.into(),
            after: None,
        }));
    }
    for line in script.split(|byte| *byte == b'\n') {
        run.execute_line(line);
    }
    run.delivered_count
}

struct SessionRun {
    machine: Machine,
    now: Now,
    is_closed: bool,
    /// Number of projects joined by the script, in addition to the first two.
    additional_project_count: usize,
    delivered_count: usize,
    /// Id that the next logged event of each project must directly follow.
    last_event_ids: HashMap<ProjectId, u64>,
}

impl SessionRun {
    fn new() -> Self {
        let config = SessionConfig { retry_first_connect: true, ..SessionConfig::default() };
        Self {
            machine: Machine::new(config, SmallRng::seed_from_u64(0)),
            now: Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH },
            is_closed: false,
            additional_project_count: 0,
            delivered_count: 0,
            last_event_ids: HashMap::new(),
        }
    }

    fn execute_line(&mut self, line: &[u8]) {
        match line {
            [b'!', tenths @ ..] => {
                let tenths = std::str::from_utf8(tenths).ok().and_then(|text| text.parse::<u16>().ok()).unwrap_or(1);
                let time = Duration::from_millis(100) * u32::from(tenths);
                self.now = Now { mono: self.now.mono + time, wall: self.now.wall + time };
                self.handle(Input::Tick);
            }
            [b'#', bytes @ ..] => self.handle(Input::Binary(bytes)),
            b"-" => self.handle(Input::TransportLost(ConnectionFailure::PeerClosed("cut".to_owned()))),
            [b'*', name @ ..] => {
                let project = String::from_utf8_lossy(name).into_owned().into();
                self.additional_project_count += 1;
                self.handle(Input::Command(Command::Join { command_id: CommandId(4), project, after: None }));
            }
            text => {
                if let Ok(text) = std::str::from_utf8(text) {
                    self.handle(Input::Frame(text));
                }
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(self.now, input);
        self.drain_outputs();
        for _ in 0..4 {
            match self.machine.poll_timeout() {
                Some(at) if at <= self.now.mono => self.machine.handle(self.now, Input::Tick),
                _ => return,
            }
            self.drain_outputs();
        }
        panic!("the timer never advances");
    }

    fn drain_outputs(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.machine.poll_output() {
            outputs += 1;
            assert!(
                outputs <= OUTPUTS_PER_INPUT_MAX + OUTPUTS_PER_ADDITIONAL_PROJECT * self.additional_project_count,
                "outputs never end: {output:?}"
            );
            assert!(
                !self.is_closed
                    || matches!(
                        output,
                        Output::CommandDone { .. } | Output::CommandFailed { .. } | Output::ClientEnded { .. }
                    ),
                "unexpected output after the session has closed: {output:?}"
            );
            match output {
                // Every connection attempt succeeds, including the handshake.
                Output::Dial { id, .. } => {
                    for input in [
                        Input::Dialed { id, login_status: LoginStatus::default(), auth_payload: None },
                        Input::Frame(r#"0{"sid":"e","pingInterval":25000,"pingTimeout":20000}"#),
                        Input::Frame(r#"40{"sid":"s"}"#),
                    ] {
                        self.machine.handle(self.now, input);
                    }
                }
                Output::Events(run) => {
                    self.delivered_count += run.len();
                    run.iter().for_each(|event| self.check_no_event_missing(event));
                }
                Output::StreamStarted { project, cursor } => {
                    self.last_event_ids.insert(project, cursor.event_id());
                }
                Output::State(state) => self.is_closed = state.is_closed(),
                _ => {}
            }
        }
    }

    /// Checks that a logged event directly follows the previous logged event, unless a gap was reported in between.
    fn check_no_event_missing(&mut self, event: &Event) {
        let meta = event.meta();
        let Some(project) = &meta.project_id else { return };
        match (event, meta.event_id, &meta.log) {
            (Event::Gap(_), Some(id), _) => {
                self.last_event_ids.insert(project.clone(), id);
            }
            (Event::Gap(_), None, _) => {
                self.last_event_ids.remove(project);
            }
            (_, Some(id), Some(_)) => {
                if let Some(last) = self.last_event_ids.insert(project.clone(), id) {
                    assert_eq!(id, last + 1, "events of {project} are missing or out of order");
                }
            }
            _ => {}
        }
    }
}
