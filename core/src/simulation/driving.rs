//! The driver's task, in its order: feeds the machine, carries out its outputs, and serves slow streams. Every step is
//! checked.

use std::time::Duration;

use super::{
    network::{ALIVE, PROBE, Side},
    process::{CallResult, ProjectProgress, Running},
    world::{Action, World},
};
use crate::{
    Error, ErrorKind, Stage,
    driver::request_pages,
    session::{ConnectionFailure, CredentialsReason, Input, Output, State},
};

/// Largest number of timer wake-ups of a client per minute, and of the driver's rounds for one occasion.
const WAKES_MAX: usize = 400;
const ROUNDS_MAX: usize = 2_000;
/// Time for which a refusal without a project may be attributed to another request.
const REFUSAL_MEANT: Duration = Duration::from_secs(180);
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of interrupted attempts after which they count as a refusal and not as a restart.
const UNCLEAR_ATTEMPTS: u32 = 4;

impl World {
    /// Applies an action to a client, then carries out everything that follows from it.
    pub(super) fn with_client(&mut self, at: usize, happens: impl FnOnce(&mut Self, &mut Running)) {
        let Some(mut running) = self.clients[at].running.take() else { return };
        self.compare_clocks(at, &mut running);
        happens(self, &mut running);
        self.settle(at, &mut running);
        self.clients[at].running = Some(running);
    }

    pub(super) fn wake(&mut self, at: usize) {
        self.with_client(at, |world, running| {
            running.woken.push_back(world.now);
            running.woken.retain(|at| world.now - *at < Duration::from_secs(60));
            assert!(running.woken.len() < WAKES_MAX, "timers ring without end");
            running.task.machine.handle(world.present(at), Input::Tick);
        });
    }

    /// Ends an attempt at this process of the server, successfully or not.
    pub(super) fn on_dialed(&mut self, at: usize, attempt: u64, node: Option<usize>) {
        let connection = node.and_then(|node| self.connect(at, node));
        self.with_client(at, |world, running| {
            if running.dialing != Some(attempt) {
                connection.iter().for_each(|id| world.hang_up(*id));
                return;
            }
            running.dialing = None;
            let connection = connection.filter(|id| world.open_transport(running, *id));
            running.connection = connection;
            let (now, credential_status) = (world.present(at), crate::session::CredentialStatus::default());
            match connection {
                Some(id) => {
                    running.task.machine.handle(now, Input::Dialed { id: attempt, credential_status, auth: None });
                    world.greet(id);
                }
                None => {
                    let failure = ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "no route"));
                    running.task.machine.handle(now, Input::DialFailed { id: attempt, failure });
                }
            }
        });
    }

    /// Feeds all frames that have arrived before any output is carried out, as in a turn of the driver.
    pub(super) fn on_frames_arrived(&mut self, at: usize, frames: &[String]) {
        for turn in frames.chunks(64) {
            self.with_client(at, |world, running| {
                let now = world.present(at);
                for frame in turn {
                    if frame == ALIVE {
                        running.task.machine.handle_in_batch(now, Input::SignOfLife);
                        continue;
                    }
                    if ["42[\"connected\"", "42[\"joined_project\""].iter().any(|start| frame.starts_with(start)) {
                        running.unconfirmed_attempts = 0;
                    }
                    running.invariants.on_frame(frame);
                    if let Some(project) = world.project_of("left_project", frame)
                        && std::mem::take(&mut running.rooms[project].has_open_leave)
                    {
                        running.rooms[project].decisions_at_leave = world.server.contents[project].history.len();
                    }
                    running.task.machine.handle_in_batch(now, Input::Frame(frame));
                }
                running.task.machine.handle(now, Input::Tick);
            });
        }
    }

    pub(super) fn on_connection_lost(&mut self, at: usize, failure: ConnectionFailure) {
        self.with_client(at, |world, running| {
            running.connection = None;
            running.forget_connection();
            running.task.machine.handle(world.present(at), Input::TransportLost(failure));
        });
    }

    fn settle(&mut self, at: usize, running: &mut Running) {
        let mut ticks = 0;
        for round in 0.. {
            assert!(round < ROUNDS_MAX, "the driver would spin");
            self.carry_out(at, running);
            let now = self.present(at);
            while request_pages(&mut running.task.machine, &running.task.hub, now) {
                self.carry_out(at, running);
            }
            if let Some(result) = running.poll_calls() {
                self.on_call_result(at, running, result);
            } else if let Ok((request, reply)) = running.task.requests.try_recv() {
                let token = running.token(reply);
                running.task.machine.handle(self.present(at), Input::Command(request.into_command(token)));
            } else if running.has_capacity() {
                running.task.machine.handle(self.present(at), Input::Tick);
            } else if running.task.machine.poll_timeout().is_some_and(|due| due <= self.present(at).mono) {
                ticks += 1;
                assert!(ticks < 5, "a timer that never advances");
                running.task.machine.handle(self.present(at), Input::Tick);
            } else {
                break;
            }
        }
        let life = self.clients[at].life;
        for reader in &mut running.readers {
            if reader.was_woken() {
                self.after(Duration::ZERO, Action::Read(at, life, reader.number));
                reader.waits = false;
            }
        }
        let sleeps = self.scenario.sleeps;
        let next = running.task.machine.poll_timeout().map(|deadline| {
            let deadline = if sleeps { deadline.min(running.suspend.deadline()) } else { deadline };
            deadline.saturating_duration_since(self.base) + self.clients[at].slept
        });
        if let Some(next) = next.filter(|next| running.wake_at != Some(*next) || *next <= self.now) {
            self.at(next, Action::Timer(at, life));
        }
        running.wake_at = next;
    }

    fn carry_out(&mut self, at: usize, running: &mut Running) {
        while let Some(output) = running.task.machine.poll_output() {
            self.trace(|| format!("         client {at}: {output:?}").chars().take(2_000).collect());
            match output {
                Output::Events(mut batch) => {
                    batch.iter().for_each(|event| self.on_event_output(at, running, event));
                    running.task.hub.publish(&mut batch);
                    running.task.machine.recycle_batch(batch);
                }
                Output::Dial { id, endpoint, reason, .. } => {
                    assert!(running.connection.is_none() && running.dialing.is_none(), "an attempt next to another");
                    running.invariants.on_dial(self.present(at).mono);
                    running.unconfirmed_attempts += 1;
                    running.dialing = Some(id);
                    self.begin_attempt(at, running, endpoint, reason == CredentialsReason::First);
                    self.dial(at, self.clients[at].life, id, endpoint);
                }
                Output::Send(packet) => {
                    self.count_requests(at, running, &packet);
                    // A transport that was lost in the same turn accepts no more packets.
                    if let Some(id) = running.connection {
                        running.invariants.on_send(self.present(at).mono, &packet);
                        self.send(id, Side::Server, packet);
                    }
                }
                Output::CloseTransport { .. } => {
                    running.connection.into_iter().for_each(|id| self.check_survival(at, running, id));
                    running.dialing = None;
                    running.inquiries.clear();
                    running.forget_connection();
                    if let Some(id) = running.connection.take() {
                        self.hang_up(id);
                    }
                }
                Output::ConnectionUsable { endpoint } => self.on_announced(at, running, endpoint),
                Output::Probe => {
                    self.tally.probes += 1;
                    if let Some(id) = running.connection {
                        self.send(id, Side::Server, PROBE.into());
                    }
                }
                Output::State(state) => {
                    running.invariants.on_state(&state);
                    match state {
                        State::Reconnecting { .. } => self.tally.interruptions += 1,
                        State::Connected => self.emit_soon(at),
                        State::Closed { reason } => self.on_ended(at, running, &reason),
                        _ => {}
                    }
                }
                Output::ProjectOpened { project } => {
                    let project = self.server.project(&project).expect("nobody has joined another");
                    running.task.hub.open((*self.server.logs[project].name).into());
                    self.on_project_opened(at, running, project);
                }
                Output::StreamStarted { project, cursor } => {
                    running.task.progress.start(&project, cursor.clone());
                    let project = self.server.project(&project).expect("nobody has joined another");
                    self.on_stream_started(running, project, &cursor);
                }
                Output::ProjectEnded { project, error } => {
                    let joined = self.is_joined(running, &project) && !running.over;
                    assert!(error.is_none() || !joined, "{project} has ended: {error:?}");
                    running.task.hub.end_project(&project, error);
                    if let Some(at) = self.server.project(&project) {
                        running.rooms[at].progress = ProjectProgress::Nothing;
                    }
                }
                Output::ClientEnded { error } => running.task.hub.end_all(error),
                Output::CommandDone { token, data } => running.answer(token, Ok(data)),
                Output::CommandFailed { token, error } => running.answer(token, Err(error)),
                Output::PageReply { stream, project, after, page } => {
                    running.task.hub.on_page(stream, &project, after, page, self.present(at).wall)
                }
                Output::Backfill(request) => self.inquire(at, running, request),
            }
        }
    }

    fn is_joined(&self, running: &Running, project: &str) -> bool {
        self.server.project(project).is_some_and(|at| running.rooms[at].project.is_some())
    }

    fn on_call_result(&mut self, at: usize, running: &mut Running, result: CallResult) {
        let life = self.clients[at].life;
        match result {
            CallResult::Connected(Ok(())) => {
                running.connecting = false;
                self.on_connected(at, running);
            }
            CallResult::Connected(Err(error)) => assert!(running.over, "the first attempt has failed: {error}"),
            CallResult::Joined(project, Ok(joined)) => self.on_joined(at, running, project, joined),
            CallResult::Joined(..) if running.over => {}
            CallResult::Joined(project, Err(error)) => {
                assert!(error.is_retryable(), "the join was refused for good: {error}");
                let room = &running.rooms[project];
                let timed_out = self.now - room.join_called_at >= JOIN_TIMEOUT;
                // The client gives up a request two timeouts after it was sent, even if the server started on it late.
                // After that it can't tell that a refusal is not for the next request. Without stalls, requests arrive
                // soon.
                let given_up = if self.scenario.wire.stalls > 0.0 { JOIN_TIMEOUT / 2 } else { JOIN_TIMEOUT * 9 / 5 };
                let is_late = |at: &Duration| (given_up..REFUSAL_MEANT).contains(&(self.now - *at));
                let late = room.refusals.iter().any(is_late);
                // The refusal may concern any request, including one without a project.
                let unnamed = running.unnamed_refusal_at.is_some_and(|at| self.now - at < REFUSAL_MEANT);
                let refused = room.refused || late || unnamed;
                // The answer to a join before a leave may be attributed to this one.
                let excused = refused || room.was_left || timed_out || error.kind() == ErrorKind::Closed;
                assert!(excused, "a join that nobody has refused has failed: {error}");
                let pause = self.dice.pause(500, 5_000);
                self.after(pause, Action::Join(at, life, project));
            }
            CallResult::Left | CallResult::Emitted => {}
        }
    }

    /// Handles the end of a client. The program starts again.
    fn on_ended(&mut self, at: usize, running: &mut Running, reason: &Error) {
        // The first attempt may fail with any error.
        let first = running.connecting && !self.clients[at].plan.retry_first_connect;
        let good = match reason.kind() {
            ErrorKind::AuthenticationFailed if self.clients[at].bad_key => {
                self.tally.bad_keys_ended += 1;
                true
            }
            ErrorKind::AuthenticationFailed => {
                self.tally.given_up_unclear += 1;
                self.scenario.server.warms > 0.0 && running.unconfirmed_attempts >= UNCLEAR_ATTEMPTS
            }
            _ => first,
        };
        assert!(good, "the client has ended after {} attempts: {reason}", running.unconfirmed_attempts);
        running.over = true;
        let (life, pause) = (self.clients[at].life, self.dice.pause(500, 5_000));
        self.after(pause, Action::Restart { client: at, life, down: Duration::ZERO });
    }

    /// Sends events of the program's own while rooms are being joined.
    fn emit_soon(&mut self, at: usize) {
        if self.troubled && self.dice.chance(self.scenario.server.strays) {
            for _ in 0..self.dice.between(1, 3) {
                let pause = self.dice.pause(0, 2_000);
                self.after(pause, Action::Emit(at, self.clients[at].life));
            }
        }
    }
}
