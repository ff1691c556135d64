//! The machine, which is the only place that changes a session's state.

mod admission;
mod connection;
mod emits;
mod ending;
mod hints;
mod joins;
mod opening;
mod packets;
mod page_requests;
mod phase;
mod replays;
mod room_replies;
#[cfg(test)]
pub(crate) mod tests;

use std::{collections::VecDeque, time::Instant};

use rand::rngs::SmallRng;

use self::{page_requests::PageRequests, phase::Phase};
use super::{
    Command, Input, Metrics, Now, Output, Outputs, SessionConfig, State, Token, acks::AckIds, attempts::Attempts,
    earliest::Earliest, endpoint_rotation::EndpointRotation, follower::FollowerOutput, rooms::Rooms,
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
    out: Outputs,
    counters: Metrics,
    /// Command that waits for the first connection.
    connecting: Option<Token>,
    attempts: Attempts,
    endpoints: EndpointRotation,
    ack_ids: AckIds,
    rooms: Rooms,
    /// Number of consecutive connections that were given up because no page request was answered.
    reconnects_for_pages: u8,
    /// Number of requests to REST, which is also the id of the latest one.
    backfills: u64,
    page_requests: PageRequests,
    /// Projects whose replay or backfill waits until readers have room.
    awaiting_capacity: Vec<ProjectId>,
}

impl Machine {
    /// Creates a machine that is not connected.
    pub(crate) fn new(config: SessionConfig, rng: SmallRng) -> Self {
        let per_minute = config.reconnect.as_ref().map_or(u32::MAX, |policy| policy.max_attempts_per_minute);
        Self {
            rng,
            phase: Phase::Idle,
            out: Outputs::default(),
            counters: Metrics::default(),
            connecting: None,
            attempts: Attempts::new(per_minute),
            endpoints: EndpointRotation::new(config.endpoint_count, config.credentials, config.has_spare_key),
            ack_ids: AckIds::default(),
            rooms: Rooms::default(),
            reconnects_for_pages: 0,
            backfills: 0,
            page_requests: PageRequests::default(),
            awaiting_capacity: Vec::new(),
            config,
        }
    }

    /// Handles an input. The caller must then call [`poll_output`](Self::poll_output) until it returns `None`.
    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>) {
        self.handle_one(now, input);
        self.advance(now);
    }

    /// Handles one of several simultaneous inputs. The caller must call [`handle`](Self::handle) after the last one.
    pub(crate) fn handle_one(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Command(command) => self.on_command(now, command),
            Input::Frame(text) => self.on_frame(now, text),
            Input::Binary(bytes) => self.on_binary(now, bytes),
            Input::Activity => {
                if let Some(connection) = self.phase.connection_mut() {
                    connection.liveness.answered(now.mono);
                }
            }
            Input::Dialed { id, credential_status, auth } => self.on_dialed(id, credential_status, auth),
            Input::DialFailed { id, failure } => self.on_dial_failed(now, id, failure),
            Input::TransportLost(failure) => self.on_transport_lost(now, failure),
            Input::BackfillReply(reply) => self.on_backfill_reply(now, reply),
            Input::Tick => {}
        }
    }

    fn on_command(&mut self, now: Now, command: Command) {
        if let Phase::Closed = self.phase {
            return self.refuse_closed(command);
        }
        match command {
            Command::Connect { token } => self.connect(now, token),
            Command::Join { token, project, after } => self.join(now, token, project, after),
            Command::Leave { token, project } => self.leave(token, project),
            Command::Emit { token, name, data, ack } => self.emit(now, token, &name, data.as_deref(), ack),
            Command::NetworkChanged => self.on_network_changed(now),
            Command::Page(request) => self.on_page_request(request),
            Command::Capacity { project, events } => self.on_capacity(&project, events),
            Command::Close { token } => self.close(token),
        }
    }

    fn refuse_closed(&mut self, command: Command) {
        match command {
            Command::Close { token } | Command::Leave { token, .. } => {
                self.out.push_back(Output::Done { token, data: None });
            }
            Command::Connect { token } | Command::Join { token, .. } | Command::Emit { token, .. } => {
                self.fail(token, Error::closed());
            }
            Command::NetworkChanged | Command::Page(_) | Command::Capacity { .. } => {}
        }
    }

    /// Handles deadlines that have passed, then sends the requests that are due.
    fn advance(&mut self, now: Now) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now.mono);
        match &self.phase {
            Phase::Dialing { deadline, .. } if *deadline <= now.mono => self.on_connect_timeout(now),
            Phase::Waiting { until, .. } if *until <= now.mono => self.start_dial(now),
            Phase::Open(connection) if due(connection.connect_deadline()) => self.on_connect_timeout(now),
            Phase::Open(connection) if connection.is_online() => self.advance_online(now),
            _ => {}
        }
        if due(self.phase.connection().and_then(|connection| connection.liveness.deadline())) {
            self.on_connection_lost(now, super::ConnectionFailure::Silent);
        }
        if due(self.phase.online().and_then(|connection| connection.liveness.probe_at())) {
            self.probe(now);
        }
        self.expire_joins(now);
        self.expire_acks(now);
        self.deliver_backfills();
        if self.phase.is_online() {
            self.reconcile(now);
        }
    }

    /// Returns the next output, or `None` if there is none.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Takes back the emptied batch of an [`Output::Events`] for reuse.
    pub(crate) fn reuse(&mut self, batch: VecDeque<Event>) {
        self.out.reuse(batch);
    }

    /// Returns the time at which to send [`Input::Tick`] if no other input arrives before.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let has_budget = self.phase.online().is_some_and(|connection| connection.budget_wait.is_none());
        let pages = self.page_requests.deadline().filter(|_| has_budget);
        let mut earliest = Earliest(self.phase.deadline());
        earliest.consider(self.joins_deadline(has_budget));
        earliest.consider(pages);
        earliest.0
    }

    /// Returns the projects whose replay or backfill waits until readers have room; see [`Command::Capacity`].
    pub(crate) fn awaiting_capacity(&self) -> &[ProjectId] {
        &self.awaiting_capacity
    }

    /// Returns the id of the latest attempt.
    pub(crate) fn attempt(&self) -> u64 {
        self.counters.attempts
    }

    /// Returns the index of the address that is in use or tried next. The index does not change from the start of an
    /// attempt until its outcome is reported.
    pub(crate) fn endpoint(&self) -> usize {
        self.endpoints.current()
    }

    /// Returns the counters of the session.
    pub(crate) fn counters(&self) -> Metrics {
        self.counters
    }

    fn fail(&mut self, token: Token, error: Error) {
        self.out.push_back(Output::Failed { token, error });
    }

    fn done(&mut self, token: Token) {
        self.out.push_back(Output::Done { token, data: None });
    }

    fn push_state(&mut self, state: State) {
        self.out.push_back(Output::State(state));
    }

    fn send(&mut self, message: &str) {
        self.out.push_back(Output::Send(crate::eio::Packet::Message(message).encode()));
    }

    fn output(&mut self) -> FollowerOutput<'_> {
        FollowerOutput { out: &mut self.out, counters: &mut self.counters }
    }
}
