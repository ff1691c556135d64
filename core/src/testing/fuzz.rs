//! Entry points of the fuzz targets to private code.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    events::{Event, ProjectId},
    session::{Command, CommandToken, ConnectionFailure, CredentialStatus, Input, Machine, Now, Output, SessionConfig},
};

/// Largest number of outputs that one input may cause, of a machine with two projects, and the increase for each
/// further one: every project is notified of a lost connection.
const OUTPUTS_MAX: usize = 64;
const OUTPUTS_MORE: usize = 4;

/// Token in the login form of this page.
#[cfg(feature = "rest")]
#[must_use]
pub fn login_token(page: &str) -> Option<String> {
    crate::driver::csrf_token(page)
}

/// Runs a script on a session with two projects, one line per frame. `!` lets time pass, in tenths of a second; `#`
/// sends a binary frame; `-` cuts the connection; `*` joins another project. Returns the number of delivered events.
///
/// # Panics
/// Panics if the session delivers an event twice or out of order, or if its timers don't advance.
pub fn session(script: &[u8]) -> usize {
    let mut run = Run::new();
    run.handle(Input::Command(Command::Connect { token: CommandToken(1) }));
    for (token, project) in [(2, "p"), (3, "q")] {
        run.handle(Input::Command(Command::Join { token: CommandToken(token), project: project.into(), after: None }));
    }
    for line in script.split(|byte| *byte == b'\n') {
        run.line(line);
    }
    run.delivered
}

struct Run {
    machine: Machine,
    now: Now,
    closed: bool,
    /// Number of further projects.
    others: usize,
    delivered: usize,
    last: HashMap<ProjectId, u64>,
}

impl Run {
    fn new() -> Self {
        let config = SessionConfig { retry_first_connect: true, ..SessionConfig::default() };
        Self {
            machine: Machine::new(config, SmallRng::seed_from_u64(0)),
            now: Now { mono: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH },
            closed: false,
            others: 0,
            delivered: 0,
            last: HashMap::new(),
        }
    }

    fn line(&mut self, line: &[u8]) {
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
                self.others += 1;
                self.handle(Input::Command(Command::Join { token: CommandToken(4), project, after: None }));
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
        self.drain();
        for _ in 0..4 {
            match self.machine.poll_timeout() {
                Some(at) if at <= self.now.mono => self.machine.handle(self.now, Input::Tick),
                _ => return,
            }
            self.drain();
        }
        panic!("a timer that never advances");
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.machine.poll_output() {
            outputs += 1;
            assert!(outputs <= OUTPUTS_MAX + OUTPUTS_MORE * self.others, "outputs without end: {output:?}");
            assert!(
                !self.closed
                    || matches!(
                        output,
                        Output::CommandDone { .. } | Output::CommandFailed { .. } | Output::ClientEnded { .. }
                    ),
                "closed, and yet: {output:?}"
            );
            match output {
                // Every attempt succeeds, up to the namespace acknowledgement.
                Output::Dial { id, .. } => {
                    for input in [
                        Input::Dialed { id, credential_status: CredentialStatus::default(), auth: None },
                        Input::Frame(r#"0{"sid":"e","pingInterval":25000,"pingTimeout":20000}"#),
                        Input::Frame(r#"40{"sid":"s"}"#),
                    ] {
                        self.machine.handle(self.now, input);
                    }
                }
                Output::Events(run) => {
                    self.delivered += run.len();
                    run.iter().for_each(|event| self.check(event));
                }
                Output::StreamStarted { project, cursor } => {
                    self.last.insert(project, cursor.event_id());
                }
                Output::State(state) => self.closed = state.is_closed(),
                _ => {}
            }
        }
    }

    /// Checks that events of a log have no unreported hole.
    fn check(&mut self, event: &Event) {
        let meta = event.meta();
        let Some(project) = &meta.project_id else { return };
        match (event, meta.event_id, &meta.log) {
            (Event::Gap(_), Some(id), _) => {
                self.last.insert(project.clone(), id);
            }
            (Event::Gap(_), None, _) => {
                self.last.remove(project);
            }
            (_, Some(id), Some(_)) => {
                if let Some(last) = self.last.insert(project.clone(), id) {
                    assert_eq!(id, last + 1, "the next event of {project}");
                }
            }
            _ => {}
        }
    }
}
