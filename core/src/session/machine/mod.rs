//! The machine itself: the only place that changes state.

mod answers;
mod connection;
mod emits;
mod joins;
mod packets;
mod page_requests;
mod replays;
#[cfg(test)]
pub(crate) mod tests;

use std::{collections::VecDeque, time::Instant};

use rand::rngs::SmallRng;

use self::page_requests::PageRequests;
use super::{
    Command, CredentialsReason, Input, Metrics, Now, Outbox, Output, SessionConfig, State, Token, acks::Acks,
    auth::Proof, backoff::AttemptWindow, budget::Budget, follower::FollowerOutput, heartbeat::Heartbeat,
    liveness::Liveness, rooms::Rooms, servers::Servers,
};
use crate::{
    Error,
    events::{Event, Notice, ProjectId},
    sio::Assembler,
};

/// How far the connection is.
#[derive(Debug)]
enum Phase {
    Idle,
    /// The driver asks for credentials and opens a transport.
    Dialing {
        deadline: Instant,
    },
    /// The transport is open; OPEN and the namespace acknowledgement are awaited.
    Opening {
        deadline: Instant,
        auth: Option<String>,
        opened: bool,
    },
    /// The namespace is acknowledged.
    Online,
    /// Between two attempts. The server asked for the part of the pause up to `earliest`.
    Waiting {
        until: Instant,
        earliest: Instant,
    },
    Closed,
}

/// A session with a server, over all its connections.
#[derive(Debug)]
pub(crate) struct Machine {
    config: SessionConfig,
    rng: SmallRng,
    phase: Phase,
    out: Outbox,
    counters: Metrics,
    /// Whoever waits for the first connection.
    connecting: Option<Token>,
    /// The id of the attempt that may still report.
    dial: u64,
    /// Why that attempt asked for credentials.
    dial_reason: CredentialsReason,
    proof: Proof,
    servers: Servers,
    rejected: bool,
    /// The server has shown on this connection that it accepts us.
    proven: bool,
    /// What the server said in an `error` event before the acknowledgement: why it is about to refuse.
    early: Option<Notice>,
    /// Until when an acknowledgement without proof may still turn into a refusal.
    doubt: Option<Instant>,
    /// Whether this connection was made known as `connected`.
    announced: bool,
    stable_at: Option<Instant>,
    attempt: u32,
    /// Of them, those that were the first at their address and waited only shortly.
    short: u32,
    window: AttemptWindow,
    budget: Budget,
    budget_wait: Option<Instant>,
    /// The most bytes of one packet that the server takes.
    max_payload: usize,
    liveness: Liveness,
    heartbeat: Heartbeat,
    acks: Acks,
    /// When a page was not answered in time, if nothing was acknowledged on this connection since.
    unanswered: Option<Instant>,
    /// A connection was given up for that, and no page was answered since.
    reconnected_for_pages: bool,
    rooms: Rooms,
    assembler: Assembler,
    backfills: u64,
    page_requests: PageRequests,
    /// Projects whose replay waits until a reader has room.
    awaiting_capacity: Vec<ProjectId>,
}

impl Machine {
    /// A machine at rest.
    pub(crate) fn new(config: SessionConfig, rng: SmallRng) -> Self {
        let per_minute = config.reconnect.as_ref().map_or(u32::MAX, |policy| policy.max_attempts_per_minute);
        Self {
            rng,
            phase: Phase::Idle,
            out: Outbox::default(),
            counters: Metrics::default(),
            connecting: None,
            dial: 0,
            dial_reason: CredentialsReason::First,
            proof: Proof::default(),
            servers: Servers::new(config.servers, config.credentials, config.has_spare_key),
            rejected: false,
            proven: false,
            early: None,
            doubt: None,
            announced: false,
            stable_at: None,
            attempt: 0,
            short: 0,
            window: AttemptWindow::new(per_minute),
            budget: Budget::new(config.rate_limit),
            budget_wait: None,
            max_payload: usize::MAX,
            liveness: Liveness::default(),
            heartbeat: Heartbeat::new(config.heartbeat_interval),
            acks: Acks::default(),
            unanswered: None,
            reconnected_for_pages: false,
            rooms: Rooms::default(),
            assembler: Assembler::default(),
            backfills: 0,
            page_requests: PageRequests::default(),
            awaiting_capacity: Vec::new(),
            config,
        }
    }

    /// Takes in what happened. Afterwards, [`poll_output`](Self::poll_output) until it is empty.
    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>) {
        self.take_in(now, input);
        self.advance(now);
    }

    /// Takes in one of several things that happened at once; a [`handle`](Self::handle) must follow them.
    pub(crate) fn take_in(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Frame(text) => self.frame(now, text),
            Input::Binary(bytes) => self.binary(now, bytes),
            Input::Activity => self.liveness.answered(now.mono),
            Input::Dialed { id, proof, auth } => self.dialed(id, proof, auth),
            Input::DialFailed { id, fault } => self.dial_failed(now, id, fault),
            // Of a transport that was given up already, it says nothing about the attempt that is under way.
            Input::TransportLost(fault) if matches!(self.phase, Phase::Opening { .. } | Phase::Online) => {
                self.transport_lost(now, fault);
            }
            Input::TransportLost(_) => {}
            Input::Backfilled(found) => self.backfilled(now, found),
            Input::Tick => {}
        }
    }

    fn command(&mut self, now: Now, command: Command) {
        if let Phase::Closed = self.phase {
            return self.refuse_closed(command);
        }
        match command {
            Command::Connect { token } => self.connect(now, token),
            Command::Join { token, project, after } => self.join(now, token, project, after),
            Command::Leave { token, project } => self.leave(token, project),
            Command::Emit { token, name, data, ack } => self.emit(now, token, &name, data.as_deref(), ack),
            Command::NetworkChanged => self.network_changed(now),
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

    /// Does what the time demands, then brings the wanted and the actual rooms together.
    fn advance(&mut self, now: Now) {
        match self.phase {
            Phase::Dialing { deadline } | Phase::Opening { deadline, .. } if deadline <= now.mono => {
                self.connect_timed_out(now);
            }
            Phase::Waiting { until, .. } if until <= now.mono => self.start_dial(now),
            Phase::Online => self.advance_online(now),
            _ => {}
        }
        if matches!(self.phase, Phase::Opening { .. } | Phase::Online)
            && self.liveness.deadline().is_some_and(|at| at <= now.mono)
        {
            self.lost(now, super::Fault::Silent);
        }
        if matches!(self.phase, Phase::Online) && self.liveness.probe_at().is_some_and(|at| at <= now.mono) {
            self.probe(now);
        }
        self.expire_joins(now);
        self.expire_acks(now);
        self.deliver_backfills();
        if let Phase::Online = self.phase {
            self.reconcile(now);
        }
    }

    /// The next thing to do.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Takes back the list of [`Output::Events`], emptied, for those that come next.
    pub(crate) fn reuse(&mut self, run: VecDeque<Event>) {
        self.out.reuse(run);
    }

    /// When to come back with [`Input::Tick`] if nothing else happens.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Dialing { deadline } | Phase::Opening { deadline, .. } => Some(deadline),
            Phase::Waiting { until, .. } => Some(until),
            Phase::Idle | Phase::Online | Phase::Closed => None,
        };
        let online = matches!(self.phase, Phase::Online);
        let rooms = self.joins_deadline(online && self.budget_wait.is_none());
        let connection = [self.liveness.deadline(), self.acks.deadline(), self.doubt, self.stable_at];
        let requests = self.page_requests.deadline().filter(|_| self.budget_wait.is_none());
        let paced = [self.liveness.probe_at(), self.heartbeat.deadline(), self.budget_wait, requests];
        phase
            .into_iter()
            .chain(rooms)
            .chain(connection.into_iter().flatten())
            .chain(paced.into_iter().filter(|_| online).flatten())
            .min()
    }

    /// The projects whose replay waits until a reader has room: [`Command::Capacity`] tells when.
    pub(crate) fn awaiting_capacity(&self) -> &[ProjectId] {
        &self.awaiting_capacity
    }

    /// The address that is in use, or tried next.
    pub(crate) fn server(&self) -> usize {
        self.servers.current()
    }

    /// What was counted so far.
    pub(crate) fn counters(&self) -> Metrics {
        self.counters
    }

    fn fail(&mut self, token: Token, error: Error) {
        self.out.push_back(Output::Failed { token, error });
    }

    fn done(&mut self, token: Token) {
        self.out.push_back(Output::Done { token, data: None });
    }

    fn state(&mut self, state: State) {
        self.out.push_back(Output::State(state));
    }

    fn send(&mut self, message: &str) {
        self.out.push_back(Output::Send(crate::eio::Packet::Message(message).encode()));
    }

    fn output(&mut self) -> FollowerOutput<'_> {
        FollowerOutput { out: &mut self.out, counters: &mut self.counters }
    }
}
