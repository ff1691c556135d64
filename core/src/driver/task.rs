//! Task of a client: feeds inputs to the machine and executes its outputs. It never runs user code.

use std::{
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::JoinSet,
};
use tracing::Instrument as _;

use super::{
    Authenticator, DialedTransport, Dialer, EndpointPool,
    backfill::BackfillSource,
    ongoing_work::OngoingWork,
    page_requests::forward_page_requests_and_capacities,
    request_from_handle::{AnswerToHandle, RequestFromHandle},
    state_log::log_state,
    suspend_detector::SuspendDetector,
    timer::{Timer, now},
};
use crate::{
    Error, ErrorKind,
    delivery::{CursorRegistry, Hub, StateFeed},
    session::{BackfillReply, Command, CommandId, ConnectionFailure, Input, Machine, Metrics, Now, Output, State},
};

/// Suggested delay before another attempt to send an event that was refused because the connection was congested.
const CONGESTED_EMIT_RETRY_DELAY: Duration = Duration::from_secs(1);
/// Time allowed for a graceful close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// State of a client's task.
pub(crate) struct ClientTask {
    pub(crate) endpoints: Arc<EndpointPool>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) machine: Machine,
    /// One dialer per endpoint.
    pub(crate) dialers: Vec<Arc<dyn Dialer>>,
    pub(crate) backfill: Option<Arc<dyn BackfillSource>>,
    pub(crate) requests: mpsc::Receiver<(RequestFromHandle, oneshot::Sender<AnswerToHandle>)>,
    pub(crate) network_changed: Arc<Notify>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) cursors: Arc<CursorRegistry>,
    pub(crate) states: Arc<StateFeed>,
    pub(crate) metrics: watch::Sender<Metrics>,
    pub(crate) work: OngoingWork,
}

enum WakeReason {
    Request(Option<(RequestFromHandle, oneshot::Sender<AnswerToHandle>)>),
    /// The machine has received frames from the transport.
    TransportProgress,
    TransportLost(ConnectionFailure),
    Dialed(u64, Result<DialedTransport, ConnectionFailure>),
    BackfillReply(BackfillReply),
    NetworkChanged,
    /// A reader may have room for a page of the log.
    CapacityChanged,
    DeadlineReached,
}

impl ClientTask {
    /// Runs until all handles and streams of the client are dropped.
    pub(crate) async fn run(mut self) {
        let mut timer = Timer::new();
        let mut suspend = SuspendDetector::new(now());
        loop {
            let wake = self.next_wake(&mut timer, suspend.next_comparison_at()).await;
            let now = now();
            if suspend.has_slept(now) {
                tracing::debug!("the wall clock has jumped: the computer has slept, or the clock was set");
                self.on_network_changed(now);
            }
            match wake {
                // All handles and streams are gone, so no graceful close is needed.
                WakeReason::Request(None) => break,
                WakeReason::Request(Some((request, reply))) => self.on_request(now, request, reply),
                WakeReason::TransportProgress => self.machine.handle(now, Input::Tick),
                WakeReason::TransportLost(failure) => {
                    self.work.transport = None;
                    self.machine.handle(now, Input::TransportLost(failure));
                }
                WakeReason::Dialed(id, Ok(DialedTransport { transport, login_status, auth_payload })) => {
                    self.endpoints.prefer_for_rest(self.machine.current_endpoint());
                    self.work.transport = Some(transport);
                    self.machine.handle(now, Input::Dialed { id, login_status, auth_payload });
                }
                WakeReason::Dialed(id, Err(failure)) => {
                    let server = self.current_url();
                    let error = self.authenticator.redact(failure.clone().into_error());
                    tracing::debug!(server, "the connection attempt failed ({error})");
                    self.machine.handle(now, Input::DialFailed { id, failure });
                }
                WakeReason::BackfillReply(found) => self.machine.handle(now, Input::BackfillReply(found)),
                WakeReason::NetworkChanged => self.on_network_changed(now),
                WakeReason::CapacityChanged | WakeReason::DeadlineReached => self.machine.handle(now, Input::Tick),
            }
            self.execute_outputs().await;
            self.request_pages(now).await;
            if std::mem::take(&mut self.work.is_turn_full) {
                // Otherwise, readers on a single-threaded runtime could lose events that they had no chance to take.
                tokio::task::yield_now().await;
            }
        }
    }

    fn on_request(&mut self, now: Now, mut request: RequestFromHandle, reply: oneshot::Sender<AnswerToHandle>) {
        if matches!(request, RequestFromHandle::Emit { .. }) && self.work.is_congested() {
            let error = Error::new(ErrorKind::RateLimited, "the connection is congested");
            let _ = reply.send(Err(error.with_retry_in(CONGESTED_EMIT_RETRY_DELAY)));
            return;
        }
        self.work.last_command_id += 1;
        let command_id = CommandId(self.work.last_command_id);
        self.work.reply_senders.insert(command_id, reply);
        if let RequestFromHandle::Join { project, streams, .. } = &mut request {
            self.hub.add_join(command_id, project.clone(), std::mem::take(streams));
        }
        self.machine.handle(now, Input::Command(request.into_command(command_id)));
    }

    /// Drops idle HTTP connections, which may be dead, and notifies the machine.
    fn on_network_changed(&mut self, now: Now) {
        for endpoint in self.endpoints.all() {
            endpoint.drop_idle_connections();
        }
        self.machine.handle(now, Input::Command(Command::NetworkChanged));
    }

    /// Waits for the next reason to wake. If the machine has a deadline, the task also wakes at `compare_clocks`.
    async fn next_wake(&mut self, timer: &mut Timer, compare_clocks: Instant) -> WakeReason {
        timer.ensure_fires_by(self.machine.poll_timeout().map(|deadline| deadline.min(compare_clocks)));
        let (machine, work) = (&mut self.machine, &mut self.work);
        let (requests, network) = (&mut self.requests, self.network_changed.notified());
        let (mut network, mut capacity) = (std::pin::pin!(network), std::pin::pin!(self.hub.capacity_changed()));
        let is_request_last = std::mem::take(&mut work.has_handled_request);
        poll_fn(|cx| {
            if !is_request_last && let Poll::Ready(request) = requests.poll_recv(cx) {
                work.has_handled_request = true;
                return Poll::Ready(WakeReason::Request(request));
            }
            if network.as_mut().poll(cx).is_ready() {
                return Poll::Ready(WakeReason::NetworkChanged);
            }
            if capacity.as_mut().poll(cx).is_ready() {
                return Poll::Ready(WakeReason::CapacityChanged);
            }
            if let Poll::Ready(Some(done)) = work.dialing.poll_join_next(cx) {
                // An attempt that panicked counts as failed.
                let panicked = |_| {
                    (machine.attempt_id(), Err(ConnectionFailure::Io("the credentials provider panicked".to_owned())))
                };
                let (id, result) = done.unwrap_or_else(panicked);
                return Poll::Ready(WakeReason::Dialed(id, result));
            }
            while let Poll::Ready(Some(done)) = work.backfills.poll_join_next(cx) {
                if let Ok(found) = done {
                    return Poll::Ready(WakeReason::BackfillReply(found));
                }
            }
            if let Poll::Ready(failure) = work.poll_transport(cx, machine) {
                return Poll::Ready(failure.map_or(WakeReason::TransportProgress, WakeReason::TransportLost));
            }
            // The timer is polled before the next request, so that it fires no matter how many requests there are.
            if timer.poll(cx).is_ready() {
                return Poll::Ready(WakeReason::DeadlineReached);
            }
            let request = if is_request_last { requests.poll_recv(cx) } else { Poll::Pending };
            work.has_handled_request = request.is_ready();
            request.map(WakeReason::Request)
        })
        .await
    }

    /// Executes all outputs of the machine, in order.
    async fn execute_outputs(&mut self) {
        self.endpoints.set_socket_index(self.machine.current_endpoint());
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Events(mut batch) => {
                    self.hub.publish(&mut batch);
                    self.machine.recycle_batch(batch);
                }
                Output::Dial { id, endpoint, reason, choice } => {
                    let plan = self.dialers[endpoint].dial(reason, choice);
                    self.work.dialing.spawn(async move { (id, plan.await) }.in_current_span());
                }
                Output::Send(packet) => {
                    if let Some(transport) = &mut self.work.transport {
                        transport.send(packet);
                    }
                }
                Output::CloseTransport { graceful } => self.close_transport(graceful).await,
                Output::Probe => {
                    if let Some(transport) = &mut self.work.transport {
                        transport.probe();
                    }
                }
                Output::ConnectionUsable { endpoint } => self.dialers[endpoint].on_connection_usable(),
                Output::State(state) => self.publish_state(state),
                Output::ProjectOpened { project } => self.hub.open_project(project),
                Output::StreamStarted { project, cursor } => self.cursors.on_joined(&project, cursor),
                Output::ProjectEnded { project, error } => {
                    self.hub.end_project(&project, error.map(|error| self.authenticator.redact(error)))
                }
                Output::ClientEnded { error } => self.hub.end_all(error.map(|error| self.authenticator.redact(error))),
                Output::CommandDone { command_id, data } => self.send_answer(command_id, Ok(data)),
                Output::CommandFailed { command_id, error } => {
                    self.send_answer(command_id, Err(self.authenticator.redact(error)))
                }
                Output::BacklogPageReply { stream, project, after, page } => {
                    self.hub.on_page(stream, &project, after, page, now().wall);
                }
                Output::Backfill(request) => {
                    if let Some(source) = &self.backfill {
                        self.work.backfills.spawn(source.fetch(request).in_current_span());
                    }
                }
            }
        }
        self.metrics.send_if_modified(|known| {
            let counters = self.machine.counters();
            std::mem::replace(known, counters) != counters
        });
    }

    /// Requests the pages that readers have room for.
    async fn request_pages(&mut self, now: Now) {
        // Executing the outputs changes how much room the readers have. The check is repeated until it finds nothing to
        // request, because a reader signals new room only after a check has found none.
        while forward_page_requests_and_capacities(&mut self.machine, &self.hub, now) {
            self.execute_outputs().await;
        }
    }

    /// Redacts, logs and publishes a new state.
    fn publish_state(&mut self, state: State) {
        let state = match state {
            State::Reconnecting { attempt, retry_in, cause } => {
                State::Reconnecting { attempt, retry_in, cause: self.authenticator.redact(cause) }
            }
            State::Closed { reason } => State::Closed { reason: self.authenticator.redact(reason) },
            other => other,
        };
        log_state(self.current_url(), &state);
        self.states.publish(state);
    }

    /// Returns the address that is in use or tried next.
    fn current_url(&self) -> &str {
        self.endpoints.all()[self.machine.current_endpoint()].base_url.as_str()
    }

    fn send_answer(&mut self, command_id: CommandId, answer: AnswerToHandle) {
        self.hub.on_answer(command_id, answer.as_ref().err());
        if let Some(reply) = self.work.reply_senders.remove(&command_id) {
            // The caller may have dropped its future.
            let _ = reply.send(answer);
        }
    }

    async fn close_transport(&mut self, graceful: bool) {
        // Replacing the sets also drops results that have not been received yet.
        self.work.dialing = JoinSet::new();
        self.work.backfills = JoinSet::new();
        let Some(mut transport) = self.work.transport.take() else { return };
        if graceful {
            let closing = poll_fn(|cx| transport.poll_close(cx));
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
        }
    }
}

/// Ends all streams and publishes [`State::Closed`], even if the runtime is shut down or the task has panicked.
impl Drop for ClientTask {
    fn drop(&mut self) {
        let reason = Error::new(ErrorKind::Closed, "the client's task has ended because its runtime was shut down");
        self.hub.end_all(Some(reason.clone()));
        if !self.states.latest().is_closed() {
            self.states.publish(State::Closed { reason });
        }
    }
}
