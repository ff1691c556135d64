//! Programs that use a client. The client is the real one, except that the driver's task does not run.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    decision_progress::DecisionProgress, expected_buffer::ExpectedBuffer, join_delay_checks::SentJoins,
    log_progress::LogProgress, plans::ClientPlan, polling_fallback::TransportChoice, reader::Reader,
    rest_backfills::PendingBackfill, suspend::WakeUp,
};
use crate::{
    Client, ClientBuilder, Cursor, Error, Project,
    driver::{AnswerToHandle, ClientTask, DialFuture, Dialer, SuspendDetector},
    session::{CommandId, CredentialChoice, CredentialsReason, InvariantChecker, Now},
};

/// Simulated program that uses a client. It may crash and be restarted.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) plan: ClientPlan,
    pub(super) run_number: u64,
    /// Cursor of each project, from which the project's next join resumes.
    pub(super) stored_cursors: Vec<Option<String>>,
    pub(super) running: Option<Box<ProgramRun>>,
    /// True if the server rejects the API key in this run.
    pub(super) has_bad_key: bool,
    /// True if a polling session ended because a request reached a node that did not know the session, and the client
    /// has not returned to WebSocket since.
    pub(super) lost_polling_session: bool,
    /// Total time for which the program's computer has slept.
    pub(super) total_sleep: Duration,
    /// End of the computer's current sleep.
    pub(super) asleep_until: Option<Duration>,
}

type CallFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// Pending call from the program to its client.
pub(super) enum Call {
    Connect(CallFuture<()>),
    Join(usize, CallFuture<Project>),
    Leave(CallFuture<()>),
    Emit(CallFuture<()>),
}

#[derive(Debug)]
pub(super) enum CallResult {
    Connected(Result<(), Error>),
    Joined(usize, Result<Project, Error>),
    Left,
    Emitted,
}

/// Progress of a project, against which the machine's events are checked.
#[derive(Debug, Clone)]
pub(super) enum ProjectProgress {
    Nothing,
    Log(LogProgress),
    Decisions(DecisionProgress),
}

/// State of a project in a running program.
#[derive(Debug)]
pub(super) struct ProjectState {
    /// Cursor that was passed to the join.
    pub(super) join_cursor: Option<Cursor>,
    pub(super) project: Option<Project>,
    pub(super) progress: ProjectProgress,
    /// Progress at the time of the join. The project's first stream starts at this point.
    pub(super) initial_progress: ProjectProgress,
    /// Events since the join while the project's first stream is still to be opened; otherwise `None`.
    pub(super) initial_buffer: Option<ExpectedBuffer>,
    /// Number of events without an id since the join.
    pub(super) unlogged_count_since_join: u64,
    /// Id of the event after which the project's streams start.
    pub(super) start_event_id: Option<u64>,
    /// True if the log was restored from a backup in a way that the client can't detect.
    pub(super) restore_undetected: bool,
    /// Number of decisions made before the server let the client join.
    pub(super) decision_count_at_join: usize,
    pub(super) join_called_at: Duration,
    /// Number of decisions made before the program called `join`.
    pub(super) decision_count_at_join_call: usize,
    /// True if the server has refused a join since the program called `join`.
    pub(super) is_join_refused: bool,
    /// Times at which refused joins arrived at the server.
    pub(super) refused_join_arrivals: Vec<Duration>,
    pub(super) was_left: bool,
    /// Number of decisions made before the client received the reply to a leave. Events that report these decisions may
    /// have been sent before the leave.
    pub(super) decision_count_at_leave: usize,
    /// True if a leave has been sent on the current connection and has not been answered yet.
    pub(super) has_unanswered_leave: bool,
    /// Number of joins that the client has sent on all connections.
    pub(super) sent_join_count: u64,
    /// Position of the project's last reader when that reader was removed.
    pub(super) removed_reader_event_id: Option<u64>,
}

pub(super) struct ProgramRun {
    pub(super) client: Client,
    /// The driver's task with the machine and the hub. The task is never run.
    pub(super) task: ClientTask,
    /// Senders of the replies to commands that the machine has not completed.
    pub(super) pending_replies: HashMap<CommandId, oneshot::Sender<AnswerToHandle>>,
    pub(super) last_command_id: u64,
    pub(super) invariants: InvariantChecker,
    pub(super) connection_id: Option<u64>,
    pub(super) dialing_attempt: Option<u64>,
    pub(super) transports: TransportChoice,
    /// Joins that were sent on the current connection.
    pub(super) sent_joins: SentJoins,
    pub(super) backfills: Vec<PendingBackfill>,
    pub(super) next_timer_at: Option<Duration>,
    /// Times at which a timer fired in the last minute.
    pub(super) recent_timer_times: VecDeque<Duration>,
    pub(super) calls: Vec<Call>,
    pub(super) project_states: Vec<ProjectState>,
    pub(super) readers: Vec<Reader>,
    pub(super) last_reader_number: u64,
    pub(super) suspend_detector: SuspendDetector,
    pub(super) last_wake_up: Option<WakeUp>,
    /// Number of connection attempts since the server last accepted the credentials.
    pub(super) unconfirmed_attempt_count: u32,
    /// True if the client has not connected yet.
    pub(super) is_first_connect_pending: bool,
    /// Time at which the server last refused a request without naming a project.
    pub(super) unnamed_refusal_at: Option<Duration>,
    /// True if the client has closed.
    pub(super) has_ended: bool,
}

/// Dialer that is never called, because the simulated network dials instead.
struct UnusedDialer;

impl Dialer for UnusedDialer {
    fn dial(&self, _: CredentialsReason, _: CredentialChoice) -> DialFuture {
        unreachable!("the driver's task does not run")
    }
}

impl std::fmt::Debug for ProgramRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgramRun").field("machine", &self.task.machine).finish_non_exhaustive()
    }
}

impl ProgramRun {
    pub(super) fn new(plan: &ClientPlan, projects: usize, seed: u64, now: Now) -> Self {
        let fallbacks = (1..plan.endpoint_count).map(|n| format!("http://model-{n}"));
        let client = fallbacks
            .fold(Client::builder("http://model"), ClientBuilder::fallback_url)
            .api_key("am_model")
            .overflow(plan.overflow)
            .event_buffer(plan.buffer_events)
            .buffer_bytes(plan.buffer_bytes)
            .backfill(plan.backfill)
            .review_poll(plan.review_poll_s.map(Duration::from_secs))
            .retry_first_connect(plan.retry_first_connect)
            .rate_limit(plan.rate_limit)
            .heartbeat_interval(plan.heartbeat_s.map(Duration::from_secs))
            .test_dialer_and_seed(Arc::new(|_, _| Arc::new(UnusedDialer)), seed)
            .build()
            .unwrap();
        let task = client.take_task().expect("a new client has not connected yet");
        let new_state = || ProjectState {
            join_cursor: None,
            project: None,
            progress: ProjectProgress::Nothing,
            initial_progress: ProjectProgress::Nothing,
            initial_buffer: None,
            unlogged_count_since_join: 0,
            start_event_id: None,
            restore_undetected: false,
            decision_count_at_join: 0,
            join_called_at: Duration::ZERO,
            decision_count_at_join_call: 0,
            is_join_refused: false,
            refused_join_arrivals: Vec::new(),
            was_left: false,
            decision_count_at_leave: 0,
            has_unanswered_leave: false,
            sent_join_count: 0,
            removed_reader_event_id: None,
        };
        let connect = client.clone();
        Self {
            calls: vec![Call::Connect(Box::pin(async move { connect.connect().await }))],
            client,
            invariants: task.machine.invariant_checker(),
            task,
            pending_replies: HashMap::new(),
            last_command_id: 0,
            connection_id: None,
            dialing_attempt: None,
            transports: TransportChoice::new(plan.endpoint_count),
            sent_joins: SentJoins::default(),
            backfills: Vec::new(),
            next_timer_at: None,
            recent_timer_times: VecDeque::new(),
            project_states: (0..projects).map(|_| new_state()).collect(),
            readers: Vec::new(),
            last_reader_number: 0,
            suspend_detector: SuspendDetector::new(now),
            last_wake_up: None,
            unconfirmed_attempt_count: 0,
            is_first_connect_pending: true,
            unnamed_refusal_at: None,
            has_ended: false,
        }
    }

    /// Polls the pending calls. Removes the first completed call and returns its result.
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

    /// Discards the state of a connection that has ended.
    pub(super) fn forget_connection(&mut self) {
        self.invariants.on_connection_lost();
        self.project_states.iter_mut().for_each(|state| state.has_unanswered_leave = false);
        self.sent_joins = SentJoins::default();
    }

    /// Calls `join` for a project, or `join_after` if there is a cursor.
    pub(super) fn join(&mut self, project: usize, name: &str, after: Option<&str>, now: Duration) {
        (self.project_states[project].join_called_at, self.project_states[project].is_join_refused) = (now, false);
        let (client, name) = (self.client.clone(), name.to_owned());
        let after: Option<Cursor> = after.map(|text| text.parse().unwrap());
        self.project_states[project].join_cursor.clone_from(&after);
        let call: CallFuture<Project> = Box::pin(async move {
            match after {
                Some(after) => client.join_after(name, after).await,
                None => client.join(name).await,
            }
        });
        self.calls.push(Call::Join(project, call));
    }

    pub(super) fn leave(&mut self, project: usize) {
        let Some(joined) = self.project_states[project].project.take() else { return };
        self.calls.push(Call::Leave(Box::pin(async move { joined.leave().await })));
    }

    pub(super) fn emit(&mut self) {
        let client = self.client.clone();
        self.calls.push(Call::Emit(Box::pin(async move { client.emit("custom", "data").await })));
    }

    /// Registers the sender of a command's reply under a new command id.
    pub(super) fn register_reply(&mut self, reply: oneshot::Sender<AnswerToHandle>) -> CommandId {
        self.last_command_id += 1;
        self.pending_replies.insert(CommandId(self.last_command_id), reply);
        CommandId(self.last_command_id)
    }

    pub(super) fn complete(&mut self, command_id: CommandId, answer: AnswerToHandle) {
        let reply = self
            .pending_replies
            .remove(&command_id)
            .unwrap_or_else(|| panic!("a command completes twice: {command_id:?}, {answer:?}"));
        // Sending fails if the caller is no longer waiting.
        let _ = reply.send(answer);
    }

    /// Returns `true` if a reader has signalled that its buffer has room again.
    pub(super) fn take_capacity_signal(&self) -> bool {
        std::pin::pin!(self.task.hub.capacity_changed()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// Returns the number of entries in the client's tables and queues.
    pub(super) fn table_entry_count(&self) -> usize {
        let task = &self.task;
        let entries = task.machine.entry_count() + task.hub.entry_count() + task.cursors.entry_count();
        entries + self.pending_replies.len() + task.requests.len()
    }
}
