//! A program that uses a client: the real machine, hub, rings, streams and cursors, driven as the driver's task drives
//! them.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    decision_progress::DecisionProgress, expected_ring::ExpectedRing, log_progress::LogProgress, plans::ClientPlan,
    polling::Transports, reader::Reader, rest::Inquiry, sent_joins::SentJoins, suspend::Waking,
};
use crate::{
    Client, ClientBuilder, Cursor, Error, Project,
    driver::{Answer, DialPlan, Dialer, SuspendDetector, Task},
    session::{CommandToken, CredentialChoice, CredentialsReason, InvariantChecker, Now},
};

/// A program and its successive runs.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) plan: ClientPlan,
    pub(super) life: u64,
    /// Stored cursors from which it would resume, by project.
    pub(super) stored: Vec<Option<String>>,
    pub(super) running: Option<Box<Running>>,
    /// True if the server rejects its key in this run.
    pub(super) bad_key: bool,
    /// True if its last polling session reached a process of the server that did not know it.
    pub(super) astray: bool,
    /// Total time that its computer has slept, and the end of the current sleep.
    pub(super) slept: Duration,
    pub(super) asleep_until: Option<Duration>,
}

type Promise<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// Call that the program waits for.
pub(super) enum Call {
    Connect(Promise<()>),
    Join(usize, Promise<Project>),
    Leave(Promise<()>),
    Emit(Promise<()>),
}

/// Result of a call.
#[derive(Debug)]
pub(super) enum CallResult {
    Connected(Result<(), Error>),
    Joined(usize, Result<Project, Error>),
    Left,
    Emitted,
}

/// Progress of a project's events as they leave the machine.
#[derive(Debug, Clone)]
pub(super) enum ProjectProgress {
    Nothing,
    Log(LogProgress),
    Decisions(DecisionProgress),
}

#[derive(Debug)]
pub(super) struct Room {
    /// Cursor passed to the join.
    pub(super) after: Option<Cursor>,
    pub(super) project: Option<Project>,
    pub(super) progress: ProjectProgress,
    /// Progress at the time of the join, and the events since then: the start of the project's first stream.
    pub(super) opening: ProjectProgress,
    pub(super) opening_ring: Option<ExpectedRing>,
    pub(super) opening_unlogged: u64,
    /// Position that the join started at.
    pub(super) start_position: Option<u64>,
    pub(super) undetected_restore: bool,
    /// Number of decisions when the server put the client into the room.
    pub(super) decisions_at_join: usize,
    /// Time of the program's call to join; true if the server has refused it since.
    pub(super) join_called_at: Duration,
    /// Number of decisions at that time.
    pub(super) decisions_at_call: usize,
    pub(super) refused: bool,
    /// Arrival times of the joins that the server has refused or will refuse.
    pub(super) refusals: Vec<Duration>,
    pub(super) was_left: bool,
    /// Number of decisions when a leave was answered: earlier ones may predate the leave.
    pub(super) decisions_at_leave: usize,
    /// True if a leave was sent on this connection and not answered yet.
    pub(super) has_open_leave: bool,
    /// Number of joins that the client has sent.
    pub(super) joins: u64,
    /// Position of the project's last reader when it ended.
    pub(super) last_reader_position: Option<u64>,
}

pub(super) struct Running {
    pub(super) client: Client,
    /// Its machine with its surroundings; the task itself does not run.
    pub(super) task: Task,
    pub(super) waiting: HashMap<CommandToken, oneshot::Sender<Answer>>,
    pub(super) tokens: u64,
    pub(super) invariants: InvariantChecker,
    pub(super) connection: Option<u64>,
    pub(super) dialing: Option<u64>,
    pub(super) transports: Transports,
    /// Joins that were sent on the connection.
    pub(super) sent_joins: SentJoins,
    pub(super) inquiries: Vec<Inquiry>,
    pub(super) wake_at: Option<Duration>,
    /// Times of recent timer wake-ups.
    pub(super) woken: VecDeque<Duration>,
    pub(super) calls: Vec<Call>,
    pub(super) rooms: Vec<Room>,
    pub(super) readers: Vec<Reader>,
    pub(super) numbers: u64,
    pub(super) suspend: SuspendDetector,
    pub(super) waking: Option<Waking>,
    /// Attempts since the server last accepted the credentials.
    pub(super) unconfirmed_attempts: u32,
    /// True until the first connection.
    pub(super) connecting: bool,
    /// Time at which the server last refused a request without naming a project.
    pub(super) unnamed_refusal_at: Option<Duration>,
    /// True if the client has ended.
    pub(super) over: bool,
}

/// Dialer that is never used: the simulated network dials.
struct UnusedDialer;

impl Dialer for UnusedDialer {
    fn dial(&self, _: CredentialsReason, _: CredentialChoice) -> DialPlan {
        unreachable!("the task that dials does not run")
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("machine", &self.task.machine).finish_non_exhaustive()
    }
}

impl Running {
    pub(super) fn new(plan: &ClientPlan, projects: usize, seed: u64, now: Now) -> Self {
        let fallbacks = (1..plan.endpoints).map(|n| format!("http://model-{n}"));
        let client = fallbacks
            .fold(Client::builder("http://model"), ClientBuilder::fallback_url)
            .api_key("am_model")
            .overflow(plan.overflow)
            .event_buffer(plan.buffer)
            .stream_bytes(plan.bytes)
            .backfill(plan.backfill)
            .review_poll(plan.review_poll.map(Duration::from_secs))
            .retry_first_connect(plan.retry_first_connect)
            .rate_limit(plan.rate_limit)
            .heartbeat_interval(plan.heartbeat.map(Duration::from_secs))
            .dialer(Arc::new(|_, _| Arc::new(UnusedDialer)), seed)
            .build()
            .unwrap();
        let task = client.take_task().expect("a new client is not connected yet");
        let room = || Room {
            after: None,
            project: None,
            progress: ProjectProgress::Nothing,
            opening: ProjectProgress::Nothing,
            opening_ring: None,
            opening_unlogged: 0,
            start_position: None,
            undetected_restore: false,
            decisions_at_join: 0,
            join_called_at: Duration::ZERO,
            decisions_at_call: 0,
            refused: false,
            refusals: Vec::new(),
            was_left: false,
            decisions_at_leave: 0,
            has_open_leave: false,
            joins: 0,
            last_reader_position: None,
        };
        let connect = client.clone();
        Self {
            calls: vec![Call::Connect(Box::pin(async move { connect.connect().await }))],
            client,
            invariants: task.machine.invariant_checker(),
            task,
            waiting: HashMap::new(),
            tokens: 0,
            connection: None,
            dialing: None,
            transports: Transports::new(plan.endpoints),
            sent_joins: SentJoins::default(),
            inquiries: Vec::new(),
            wake_at: None,
            woken: VecDeque::new(),
            rooms: (0..projects).map(|_| room()).collect(),
            readers: Vec::new(),
            numbers: 0,
            suspend: SuspendDetector::new(now),
            waking: None,
            unconfirmed_attempts: 0,
            connecting: true,
            unnamed_refusal_at: None,
            over: false,
        }
    }

    /// Returns the result of the next call that is complete.
    pub(super) fn poll_calls(&mut self) -> Option<CallResult> {
        let cx = &mut Context::from_waker(Waker::noop());
        for at in 0..self.calls.len() {
            let result = match &mut self.calls[at] {
                Call::Connect(call) => call.as_mut().poll(cx).map(CallResult::Connected),
                Call::Join(project, call) => call.as_mut().poll(cx).map(|joined| CallResult::Joined(*project, joined)),
                Call::Leave(call) => call.as_mut().poll(cx).map(|_| CallResult::Left),
                Call::Emit(call) => call.as_mut().poll(cx).map(|_| CallResult::Emitted),
            };
            if let Poll::Ready(result) = result {
                self.calls.remove(at);
                return Some(result);
            }
        }
        None
    }

    /// Forgets the connection and its requests.
    pub(super) fn forget_connection(&mut self) {
        self.invariants.on_connection_lost();
        self.rooms.iter_mut().for_each(|room| room.has_open_leave = false);
        self.sent_joins = SentJoins::default();
    }

    /// Starts to join a project, after a cursor if there is one.
    pub(super) fn join(&mut self, at: usize, name: &str, after: Option<&str>, now: Duration) {
        (self.rooms[at].join_called_at, self.rooms[at].refused) = (now, false);
        let (client, name) = (self.client.clone(), name.to_owned());
        let after: Option<Cursor> = after.map(|text| text.parse().unwrap());
        self.rooms[at].after.clone_from(&after);
        let call: Promise<Project> = Box::pin(async move {
            match after {
                Some(after) => client.join_after(name, after).await,
                None => client.join(name).await,
            }
        });
        self.calls.push(Call::Join(at, call));
    }

    pub(super) fn leave(&mut self, at: usize) {
        let Some(project) = self.rooms[at].project.take() else { return };
        self.calls.push(Call::Leave(Box::pin(async move { project.leave().await })));
    }

    pub(super) fn emit(&mut self) {
        let client = self.client.clone();
        self.calls.push(Call::Emit(Box::pin(async move { client.emit("custom", "data").await })));
    }

    pub(super) fn token(&mut self, reply: oneshot::Sender<Answer>) -> CommandToken {
        self.tokens += 1;
        self.waiting.insert(CommandToken(self.tokens), reply);
        CommandToken(self.tokens)
    }

    pub(super) fn answer(&mut self, token: CommandToken, answer: Answer) {
        let reply = self.waiting.remove(&token).unwrap_or_else(|| panic!("{token:?} is answered twice: {answer:?}"));
        // The caller may be gone.
        let _ = reply.send(answer);
    }

    /// Returns `true` if a reader has signalled room in its ring.
    pub(super) fn has_capacity(&self) -> bool {
        std::pin::pin!(self.task.hub.capacity_changed()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// Number of entries of all tables and queues.
    pub(super) fn size(&self) -> usize {
        self.task.machine.size()
            + self.task.hub.size()
            + self.task.progress.size()
            + self.waiting.len()
            + self.task.requests.len()
    }
}
