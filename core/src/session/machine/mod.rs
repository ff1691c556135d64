//! The session's state machine. No other code changes the state of a session.

mod backlog_page_requests;
mod connection;
mod connection_refusals;
mod ending;
mod joins;
mod network_changes;
mod opening;
mod packets;
mod phase;
mod replays;
mod room_replies;
mod sending;
#[cfg(test)]
pub(crate) mod tests;

use std::{collections::VecDeque, time::Instant};

use rand::rngs::SmallRng;

use self::{backlog_page_requests::BacklogPageRequests, phase::Phase};
use super::{
    Command, CommandId, Input, Metrics, Now, Output, Outputs, SessionConfig, State, acks::AckIds,
    connect_attempts::ConnectAttempts, earliest_deadline::EarliestDeadline, endpoint_rotation::EndpointRotation,
    follower::FollowerOutput, rooms::Rooms,
};
use crate::{
    Error,
    events::{Event, ProjectId},
};

/// Session with a server, across all its connections.
#[derive(Debug)]
pub(crate) struct Machine {
    config: SessionConfig,
    rng: SmallRng,
    phase: Phase,
    outputs: Outputs,
    counters: Metrics,
    /// Id of the `connect` command that waits for the first connection.
    connect_command_id: Option<CommandId>,
    attempts: ConnectAttempts,
    endpoints: EndpointRotation,
    ack_ids: AckIds,
    rooms: Rooms,
    /// Number of consecutive connections that were given up because page requests were not answered.
    unresponsive_connection_count: u8,
    /// Number of backfill requests, which is also the id of the latest one.
    rest_request_count: u64,
    backlog_page_requests: BacklogPageRequests,
    /// Projects whose replay or backfill waits until readers have room.
    projects_awaiting_capacity: Vec<ProjectId>,
}

impl Machine {
    /// Creates a machine that is not connected.
    pub(crate) fn new(config: SessionConfig, rng: SmallRng) -> Self {
        let per_minute = config.reconnect.as_ref().map_or(u32::MAX, |policy| policy.max_attempts_per_minute);
        Self {
            rng,
            phase: Phase::Idle,
            outputs: Outputs::default(),
            counters: Metrics::default(),
            connect_command_id: None,
            attempts: ConnectAttempts::new(per_minute),
            endpoints: EndpointRotation::new(
                config.endpoint_count,
                config.credentials_source,
                config.has_spare_api_key,
            ),
            ack_ids: AckIds::default(),
            rooms: Rooms::default(),
            unresponsive_connection_count: 0,
            rest_request_count: 0,
            backlog_page_requests: BacklogPageRequests::default(),
            projects_awaiting_capacity: Vec::new(),
            config,
        }
    }

    /// Handles an input. The caller must then call [`poll_output`](Self::poll_output) until it returns `None`.
    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>) {
        self.handle_in_batch(now, input);
        self.handle_deadlines(now);
    }

    /// Handles one of several simultaneous inputs, but not the deadlines that have passed. The caller must call
    /// [`handle`](Self::handle) after the last of these inputs.
    pub(crate) fn handle_in_batch(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Command(command) => self.on_command(now, command),
            Input::Frame(text) => self.on_frame(now, text),
            Input::Binary(bytes) => self.on_binary(now, bytes),
            Input::SignOfLife => {
                if let Some(connection) = self.phase.connection_mut() {
                    connection.liveness.on_sign_of_life(now.mono);
                }
            }
            Input::Dialed { id, login_status, auth_payload } => self.on_dialed(id, login_status, auth_payload),
            Input::DialFailed { id, failure } => self.on_dial_failed(now, id, failure),
            Input::TransportLost(failure) => self.on_transport_lost(now, failure),
            Input::BackfillReply(reply) => self.on_backfill_reply(now, reply),
            Input::Tick => {}
        }
    }

    fn on_command(&mut self, now: Now, command: Command) {
        if let Phase::Closed = self.phase {
            return self.reject_after_close(command);
        }
        match command {
            Command::Connect { command_id } => self.connect(now, command_id),
            Command::Join { command_id, project, after } => self.join(now, command_id, project, after),
            Command::Leave { command_id, project } => self.leave(command_id, project),
            Command::Emit { command_id, name, data, ack_timeout } => {
                self.emit(now, command_id, &name, data.as_deref(), ack_timeout)
            }
            Command::NetworkChanged => self.on_network_changed(now),
            Command::RequestPage(request) => self.on_backlog_page_request(request),
            Command::ReaderCapacity { project, events } => self.on_reader_capacity(&project, events),
            Command::Close { command_id } => self.close(command_id),
        }
    }

    fn reject_after_close(&mut self, command: Command) {
        match command {
            Command::Close { command_id } | Command::Leave { command_id, .. } => {
                self.outputs.push_back(Output::CommandDone { command_id, data: None });
            }
            Command::Connect { command_id } | Command::Join { command_id, .. } | Command::Emit { command_id, .. } => {
                self.fail_command(command_id, Error::closed());
            }
            Command::NetworkChanged | Command::RequestPage(_) | Command::ReaderCapacity { .. } => {}
        }
    }

    /// Handles deadlines that have passed, delivers queued backfilled events, and sends the requests that are due.
    fn handle_deadlines(&mut self, now: Now) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now.mono);
        match &self.phase {
            Phase::Dialing { deadline, .. } if *deadline <= now.mono => self.on_connect_timeout(now),
            Phase::Waiting { retry_at, .. } if *retry_at <= now.mono => self.start_attempt(now),
            Phase::Open(connection) if due(connection.connect_deadline()) => self.on_connect_timeout(now),
            Phase::Open(connection) if connection.is_online() => self.handle_online_deadlines(now),
            _ => {}
        }
        if due(self.phase.connection().and_then(|connection| connection.liveness.deadline())) {
            self.on_connection_lost(now, super::ConnectionFailure::Silent);
        }
        if due(self.phase.online_connection().and_then(|connection| connection.liveness.next_probe_at())) {
            self.send_probe(now);
        }
        self.expire_room_requests(now);
        self.expire_acks(now);
        self.deliver_backfills();
        if self.phase.is_online() {
            self.send_due_requests(now);
        }
    }

    /// Returns the next output, or `None` if there is none.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes back the emptied batch of an [`Output::Events`] for reuse.
    pub(crate) fn recycle_batch(&mut self, batch: VecDeque<Event>) {
        self.outputs.recycle(batch);
    }

    /// Returns the time at which to send [`Input::Tick`] if no other input arrives first.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let has_budget =
            self.phase.online_connection().is_some_and(|connection| connection.budget_available_at.is_none());
        let pages = self.backlog_page_requests.deadline().filter(|_| has_budget);
        let mut earliest = EarliestDeadline(self.phase.deadline());
        earliest.include(self.rooms_deadline(has_budget));
        earliest.include(pages);
        earliest.0
    }

    /// Returns the projects whose replay or backfill waits until readers have room; see [`Command::ReaderCapacity`].
    pub(crate) fn projects_awaiting_capacity(&self) -> &[ProjectId] {
        &self.projects_awaiting_capacity
    }

    /// Returns the id of the latest connection attempt.
    pub(crate) fn attempt_id(&self) -> u64 {
        self.counters.attempts
    }

    /// Returns the index of the address that is in use or will be tried next. The index does not change from the start
    /// of an attempt until its outcome is reported.
    pub(crate) fn current_endpoint(&self) -> usize {
        self.endpoints.current()
    }

    pub(crate) fn counters(&self) -> Metrics {
        self.counters
    }

    fn fail_command(&mut self, command_id: CommandId, error: Error) {
        self.outputs.push_back(Output::CommandFailed { command_id, error });
    }

    fn complete_command(&mut self, command_id: CommandId) {
        self.outputs.push_back(Output::CommandDone { command_id, data: None });
    }

    fn push_state(&mut self, state: State) {
        self.outputs.push_back(Output::State(state));
    }

    fn send_message(&mut self, message: &str) {
        self.outputs.push_back(Output::Send(crate::eio::Packet::Message(message).encode()));
    }

    fn follower_output(&mut self) -> FollowerOutput<'_> {
        FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters }
    }
}
