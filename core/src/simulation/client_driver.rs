//! Replacement for the driver's task. It feeds the machine, executes the outputs and requests pages for slow streams in
//! the same order as the driver. Every step is checked.

use std::time::Duration;

use super::{
    action::ScheduledAction,
    network::{PROBE, PROBE_REPLY, Side},
    program::{CallResult, ProgramRun, ProjectProgress},
    world::World,
};
use crate::{
    Error, ErrorKind, Stage,
    driver::forward_page_requests_and_capacities,
    session::{ConnectionFailure, CredentialsReason, Input, Output, State},
};

/// Maximum number of times that a client's timers may fire per minute.
const TIMERS_PER_MINUTE_MAX: usize = 400;
/// Maximum number of rounds in which the driver reacts to one input.
const ROUNDS_PER_INPUT_MAX: usize = 2_000;
/// Time after a refusal during which the client may attribute the refusal to the wrong request.
const MISATTRIBUTED_REFUSAL_AGE_MAX: Duration = Duration::from_secs(180);
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of consecutive interrupted attempts that the client interprets as a refusal rather than as a server restart.
const INTERRUPTIONS_TAKEN_AS_REFUSAL: u32 = 4;

impl World {
    /// Applies an action to a running client and executes everything that follows from it.
    pub(super) fn with_client(&mut self, client: usize, action: impl FnOnce(&mut Self, &mut ProgramRun)) {
        let Some(mut running) = self.clients[client].running.take() else { return };
        self.detect_sleep(client, &mut running);
        action(self, &mut running);
        self.run_until_idle(client, &mut running);
        self.clients[client].running = Some(running);
    }

    pub(super) fn on_timer(&mut self, client: usize) {
        self.with_client(client, |world, running| {
            running.recent_timer_times.push_back(world.now);
            running.recent_timer_times.retain(|time| world.now - *time < Duration::from_secs(60));
            assert!(running.recent_timer_times.len() < TIMERS_PER_MINUTE_MAX, "a timer fires too often");
            running.task.machine.handle(world.client_now(client), Input::Tick);
        });
    }

    /// Ends a connection attempt to a node. The attempt fails if `node` is `None`, if the node is not running, or if
    /// the load balancer refuses WebSocket and the attempt may not fall back to long-polling.
    pub(super) fn on_dialed(&mut self, client: usize, attempt: u64, node: Option<usize>) {
        let connection = node.and_then(|node| self.open_connection(client, node));
        self.with_client(client, |world, running| {
            if running.dialing_attempt != Some(attempt) {
                connection.iter().for_each(|id| world.close_client_side(*id));
                return;
            }
            running.dialing_attempt = None;
            let connection = connection.filter(|id| world.open_transport(running, *id));
            running.connection_id = connection;
            let (now, login_status) = (world.client_now(client), crate::session::LoginStatus::default());
            match connection {
                Some(id) => {
                    running.task.machine.handle(now, Input::Dialed { id: attempt, login_status, auth_payload: None });
                    world.send_open_packet(id);
                }
                None => {
                    let failure = ConnectionFailure::Dial(Error::connect_failed(Stage::Network, "no route"));
                    running.task.machine.handle(now, Input::DialFailed { id: attempt, failure });
                }
            }
        });
    }

    /// Feeds frames to the machine in batches, and executes the outputs only after each batch, as the driver does.
    pub(super) fn on_frames_arrived(&mut self, client: usize, frames: &[String]) {
        for turn in frames.chunks(64) {
            self.with_client(client, |world, running| {
                let now = world.client_now(client);
                for frame in turn {
                    if frame == PROBE_REPLY {
                        running.task.machine.handle_in_batch(now, Input::SignOfLife);
                        continue;
                    }
                    if ["42[\"connected\"", "42[\"joined_project\""].iter().any(|start| frame.starts_with(start)) {
                        running.unconfirmed_attempt_count = 0;
                    }
                    running.invariants.on_frame(frame);
                    if let Some(project) = world.project_in_packet("left_project", frame)
                        && std::mem::take(&mut running.project_states[project].has_unanswered_leave)
                    {
                        running.project_states[project].decision_count_at_leave =
                            world.server.contents[project].history.len();
                    }
                    running.task.machine.handle_in_batch(now, Input::Frame(frame));
                }
                running.task.machine.handle(now, Input::Tick);
            });
        }
    }

    pub(super) fn on_connection_lost(&mut self, client: usize, failure: ConnectionFailure) {
        self.with_client(client, |world, running| {
            running.connection_id = None;
            running.forget_connection();
            running.task.machine.handle(world.client_now(client), Input::TransportLost(failure));
        });
    }

    fn run_until_idle(&mut self, client: usize, running: &mut ProgramRun) {
        let mut ticks = 0;
        for round in 0.. {
            assert!(round < ROUNDS_PER_INPUT_MAX, "the driver never becomes idle");
            self.execute_outputs(client, running);
            let now = self.client_now(client);
            while forward_page_requests_and_capacities(&mut running.task.machine, &running.task.hub, now) {
                self.execute_outputs(client, running);
            }
            if let Some(result) = running.poll_calls() {
                self.on_call_result(client, running, result);
            } else if let Ok((request, reply)) = running.task.requests.try_recv() {
                let command_id = running.register_reply(reply);
                running.task.machine.handle(self.client_now(client), Input::Command(request.into_command(command_id)));
            } else if running.take_capacity_signal() {
                running.task.machine.handle(self.client_now(client), Input::Tick);
            } else if running.task.machine.poll_timeout().is_some_and(|due| due <= self.client_now(client).mono) {
                ticks += 1;
                assert!(ticks < 5, "a timer never advances");
                running.task.machine.handle(self.client_now(client), Input::Tick);
            } else {
                break;
            }
        }
        let run_number = self.clients[client].run_number;
        for reader in &mut running.readers {
            if reader.was_woken() {
                self.schedule_after(Duration::ZERO, ScheduledAction::RunReader(client, run_number, reader.number));
                reader.is_waiting = false;
            }
        }
        let computers_sleep = self.scenario.computers_sleep;
        let next = running.task.machine.poll_timeout().map(|deadline| {
            let deadline =
                if computers_sleep { deadline.min(running.suspend_detector.next_comparison_at()) } else { deadline };
            deadline.saturating_duration_since(self.start_instant) + self.clients[client].total_sleep
        });
        if let Some(next) = next.filter(|next| running.next_timer_at != Some(*next) || *next <= self.now) {
            self.schedule_at(next, ScheduledAction::Timer(client, run_number));
        }
        running.next_timer_at = next;
    }

    fn execute_outputs(&mut self, client: usize, running: &mut ProgramRun) {
        while let Some(output) = running.task.machine.poll_output() {
            self.trace(|| format!("         client {client}: {output:?}").chars().take(2_000).collect());
            match output {
                Output::Events(mut batch) => {
                    batch.iter().for_each(|event| self.on_event_output(client, running, event));
                    running.task.hub.publish(&mut batch);
                    running.task.machine.recycle_batch(batch);
                }
                Output::Dial { id, endpoint, reason, .. } => {
                    assert!(
                        running.connection_id.is_none() && running.dialing_attempt.is_none(),
                        "a second connection attempt has started"
                    );
                    running.invariants.on_dial(self.client_now(client).mono);
                    running.unconfirmed_attempt_count += 1;
                    running.dialing_attempt = Some(id);
                    self.begin_attempt(client, running, endpoint, reason == CredentialsReason::First);
                    self.dial(client, self.clients[client].run_number, id, endpoint);
                }
                Output::Send(packet) => {
                    self.record_sent_join_or_leave(client, running, &packet);
                    // There is no connection if the transport was lost before this output was executed.
                    if let Some(id) = running.connection_id {
                        running.invariants.on_send(self.client_now(client).mono, &packet);
                        self.send_frame(id, Side::Server, packet);
                    }
                }
                Output::CloseTransport { .. } => {
                    running
                        .connection_id
                        .into_iter()
                        .for_each(|id| self.check_connection_kept_after_sleep(client, running, id));
                    running.dialing_attempt = None;
                    running.backfills.clear();
                    running.forget_connection();
                    if let Some(id) = running.connection_id.take() {
                        self.close_client_side(id);
                    }
                }
                Output::ConnectionUsable { endpoint } => self.on_connection_usable(client, running, endpoint),
                Output::Probe => {
                    self.tally.probes += 1;
                    if let Some(id) = running.connection_id {
                        self.send_frame(id, Side::Server, PROBE.into());
                    }
                }
                Output::State(state) => {
                    running.invariants.on_state(&state);
                    match state {
                        State::Reconnecting { .. } => self.tally.interruptions += 1,
                        State::Connected => self.maybe_schedule_custom_events(client),
                        State::Closed { reason } => self.on_client_ended(client, running, &reason),
                        _ => {}
                    }
                }
                Output::ProjectOpened { project } => {
                    let project =
                        self.server.project_index(&project).expect("the client has joined only existing projects");
                    running.task.hub.open_project((*self.server.logs[project].project_id).into());
                    self.on_project_opened(client, running, project);
                }
                Output::StreamStarted { project, cursor } => {
                    running.task.cursors.on_joined(&project, cursor.clone());
                    let project =
                        self.server.project_index(&project).expect("the client has joined only existing projects");
                    self.on_stream_started(running, project, &cursor);
                }
                Output::ProjectEnded { project, error } => {
                    let joined = self.is_joined(running, &project) && !running.has_ended;
                    assert!(error.is_none() || !joined, "the project {project} has ended: {error:?}");
                    running.task.hub.end_project(&project, error);
                    if let Some(index) = self.server.project_index(&project) {
                        running.project_states[index].progress = ProjectProgress::Nothing;
                    }
                }
                Output::ClientEnded { error } => running.task.hub.end_all(error),
                Output::CommandDone { command_id, data } => running.complete(command_id, Ok(data)),
                Output::CommandFailed { command_id, error } => running.complete(command_id, Err(error)),
                Output::BacklogPageReply { stream, project, after, page } => {
                    running.task.hub.on_page(stream, &project, after, page, self.client_now(client).wall)
                }
                Output::Backfill(request) => self.start_backfill(client, running, request),
            }
        }
    }

    fn is_joined(&self, running: &ProgramRun, project: &str) -> bool {
        self.server.project_index(project).is_some_and(|at| running.project_states[at].project.is_some())
    }

    fn on_call_result(&mut self, client: usize, running: &mut ProgramRun, result: CallResult) {
        let run_number = self.clients[client].run_number;
        match result {
            CallResult::Connected(Ok(())) => {
                running.is_first_connect_pending = false;
                self.on_connected(client, running);
            }
            CallResult::Connected(Err(error)) => assert!(running.has_ended, "the first attempt failed: {error}"),
            CallResult::Joined(project, Ok(joined)) => self.on_joined(client, running, project, joined),
            CallResult::Joined(..) if running.has_ended => {}
            CallResult::Joined(project, Err(error)) => {
                assert!(error.is_retryable(), "the join failed with a permanent error: {error}");
                let state = &running.project_states[project];
                let timed_out = self.now - state.join_called_at >= JOIN_TIMEOUT;
                // The client abandons a request two timeouts after sending it, even if the server received it late. The
                // client may then attribute a late refusal to the next request. Without stalls, requests arrive
                // quickly, so nearly two timeouts pass between their arrival and their abandonment.
                let abandoned_after =
                    if self.scenario.network.stall_rate > 0.0 { JOIN_TIMEOUT / 2 } else { JOIN_TIMEOUT * 9 / 5 };
                let is_late =
                    |time: &Duration| (abandoned_after..MISATTRIBUTED_REFUSAL_AGE_MAX).contains(&(self.now - *time));
                let late = state.refused_join_arrivals.iter().any(is_late);
                // A refusal that names no project may have been meant for any request.
                let unnamed =
                    running.unnamed_refusal_at.is_some_and(|time| self.now - time < MISATTRIBUTED_REFUSAL_AGE_MAX);
                let refused = state.is_join_refused || late || unnamed;
                // A late reply to a join that preceded a leave may be mistaken for the reply to this join.
                let excused = refused || state.was_left || timed_out || error.kind() == ErrorKind::Closed;
                assert!(excused, "a join failed although it was not refused: {error}");
                let pause = self.dice.duration_ms(500, 5_000);
                self.schedule_after(pause, ScheduledAction::Join(client, run_number, project));
            }
            CallResult::Left | CallResult::Emitted => {}
        }
    }

    /// Checks that the client had a reason to end, and schedules the restart of its program.
    fn on_client_ended(&mut self, client: usize, running: &mut ProgramRun, reason: &Error) {
        // Before the first connection, any error except a refusal of the credentials may end a client that does not
        // retry its first connection attempt.
        let first_attempt = running.is_first_connect_pending && !self.clients[client].plan.retry_first_connect;
        let is_justified = match reason.kind() {
            ErrorKind::AuthenticationFailed if self.clients[client].has_bad_key => {
                self.tally.clients_ended_by_bad_key += 1;
                true
            }
            ErrorKind::AuthenticationFailed => {
                self.tally.clients_ended_by_drops += 1;
                self.scenario.server.unstable_start_rate > 0.0
                    && running.unconfirmed_attempt_count >= INTERRUPTIONS_TAKEN_AS_REFUSAL
            }
            _ => first_attempt,
        };
        assert!(is_justified, "the client ended after {} attempts: {reason}", running.unconfirmed_attempt_count);
        running.has_ended = true;
        let (run_number, pause) = (self.clients[client].run_number, self.dice.duration_ms(500, 5_000));
        self.schedule_after(pause, ScheduledAction::RestartProgram { client, run_number, down: Duration::ZERO });
    }
}
