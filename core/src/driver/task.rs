//! The task that owns a client: it moves what happens into the machine and does what comes out. No user code runs here.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, Sleep},
};

use super::{
    Dialed, Dialer,
    backfill::BackfillSource,
    transport::{Frame, Transport},
};
use crate::{
    Cursor, Error,
    client::StateFeed,
    delivery::{Hub, Progress},
    events::{Event, ProjectId},
    session::{Backfilled, Command, Fault, Input, Machine, Metrics, Now, Output, State, Token},
};

/// Frames handled before commands and timers get their turn.
const FRAMES_PER_TURN: usize = 64;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The answer to a request: an acknowledgement's data, where there is one.
pub(crate) type Answer = Result<Option<String>, Error>;

/// What a handle asks of the task.
#[derive(Debug)]
pub(crate) enum Request {
    Connect,
    Join { project: ProjectId, after: Option<Cursor> },
    Leave { project: ProjectId },
    Emit { name: String, data: Option<String>, ack: Option<Duration> },
    Close,
}

impl Request {
    fn into_command(self, token: Token) -> Command {
        match self {
            Self::Connect => Command::Connect { token },
            Self::Join { project, after } => Command::Join { token, project, after },
            Self::Leave { project } => Command::Leave { token, project },
            Self::Emit { name, data, ack } => Command::Emit { token, name, data, ack },
            Self::Close => Command::Close { token },
        }
    }
}

/// Everything that belongs to one client.
pub(crate) struct Task {
    pub(crate) machine: Machine,
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) backfill: Option<Arc<dyn BackfillSource>>,
    pub(crate) requests: mpsc::Receiver<(Request, oneshot::Sender<Answer>)>,
    pub(crate) network_changed: Arc<Notify>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) states: Arc<StateFeed>,
    pub(crate) counters: watch::Sender<Metrics>,
    pub(crate) work: Work,
}

/// What is under way.
#[derive(Default)]
pub(crate) struct Work {
    transport: Option<Box<dyn Transport>>,
    /// At most the current attempt; aborted when it is given up, and when the client goes.
    dialing: JoinSet<(u64, Result<Dialed, Fault>)>,
    backfills: JoinSet<Backfilled>,
    waiting: HashMap<Token, oneshot::Sender<Answer>>,
    tokens: u64,
    dial: u64,
    inbox: Vec<Frame>,
    events: Vec<Event>,
    closed: bool,
}

/// What woke the task.
enum Wake {
    Request(Option<(Request, oneshot::Sender<Answer>)>),
    Frames(Option<Fault>),
    Dialed(u64, Result<Dialed, Fault>),
    Backfilled(Backfilled),
    NetworkChanged,
    Time,
}

impl Task {
    /// Runs until the client is closed and nobody can ask anything any more, or until all handles are gone.
    pub(crate) async fn run(mut self) {
        let mut timer = Timer::new();
        loop {
            let wake = self.wait(&mut timer).await;
            let now = now();
            match wake {
                // All handles and streams are gone: nobody is left to say goodbye for.
                Wake::Request(None) => break,
                Wake::Request(Some((request, reply))) => self.request(now, request, reply),
                Wake::Frames(fault) => {
                    for frame in std::mem::take(&mut self.work.inbox) {
                        self.machine.handle(
                            now,
                            match &frame {
                                Frame::Text(text) => Input::Frame(text),
                                Frame::Binary(bytes) => Input::Binary(bytes),
                                Frame::Activity => Input::Activity,
                            },
                        );
                    }
                    if let Some(fault) = fault {
                        self.work.transport = None;
                        self.machine.handle(now, Input::TransportLost(fault));
                    }
                }
                Wake::Dialed(id, Ok(dialed)) => {
                    self.work.transport = Some(dialed.transport);
                    self.machine.handle(now, Input::Dialed { id, proof: dialed.proof, auth: dialed.auth });
                }
                Wake::Dialed(id, Err(fault)) => self.machine.handle(now, Input::DialFailed { id, fault }),
                Wake::Backfilled(found) => self.machine.handle(now, Input::Backfilled(found)),
                Wake::NetworkChanged => self.machine.handle(now, Input::Command(Command::NetworkChanged)),
                Wake::Time => self.machine.handle(now, Input::Tick),
            }
            self.carry_out().await;
        }
        self.hub.end_all(None);
    }

    fn request(&mut self, now: Now, request: Request, reply: oneshot::Sender<Answer>) {
        self.work.tokens += 1;
        let token = Token(self.work.tokens);
        self.work.waiting.insert(token, reply);
        self.machine.handle(now, Input::Command(request.into_command(token)));
    }

    async fn wait(&mut self, timer: &mut Timer) -> Wake {
        timer.arm(self.machine.poll_timeout());
        let (requests, work, network) = (&mut self.requests, &mut self.work, self.network_changed.notified());
        let mut network = std::pin::pin!(network);
        poll_fn(|cx| {
            if let Poll::Ready(request) = requests.poll_recv(cx) {
                return Poll::Ready(Wake::Request(request));
            }
            if network.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Wake::NetworkChanged);
            }
            if let Poll::Ready(Some(done)) = work.dialing.poll_join_next(cx) {
                // An attempt that was aborted is not heard of again; one that panicked counts as failed.
                match done {
                    Ok((id, result)) => return Poll::Ready(Wake::Dialed(id, result)),
                    Err(error) if error.is_panic() => {
                        let id = work.dial;
                        let text = "the credentials provider panicked".to_owned();
                        return Poll::Ready(Wake::Dialed(id, Err(Fault::Io(text))));
                    }
                    Err(_) => {}
                }
            }
            if let Poll::Ready(Some(Ok(found))) = work.backfills.poll_join_next(cx) {
                return Poll::Ready(Wake::Backfilled(found));
            }
            if let Poll::Ready(fault) = work.poll_transport(cx) {
                return Poll::Ready(Wake::Frames(fault));
            }
            timer.poll(cx).map(|()| Wake::Time)
        })
        .await
    }

    /// Does everything that the machine wants done, in its order.
    async fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            // A run of events goes out at once; everything else keeps its place between them.
            if let Output::Event(event) = output {
                self.work.events.push(event);
                continue;
            }
            self.publish();
            match output {
                Output::Event(_) => {}
                Output::Dial { id, reason } => {
                    let plan = self.dialer.dial(reason);
                    self.work.dial = id;
                    self.work.dialing.spawn(async move { (id, plan.await) });
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
                Output::State(state) => self.state(state),
                Output::Opened { project } => self.hub.open(project),
                Output::Placed { project, cursor } => self.progress.start(&project, cursor),
                Output::Ended { project, error } => self.hub.end_project(&project, error),
                Output::EndedAll { error } => self.hub.end_all(error),
                Output::Done { token, data } => self.answer(token, Ok(data)),
                Output::Failed { token, error } => self.answer(token, Err(error)),
                Output::Backfill(request) => {
                    if let Some(source) = &self.backfill {
                        self.work.backfills.spawn(source.fetch(request));
                    }
                }
            }
        }
        self.publish();
        self.counters.send_if_modified(|known| {
            let counters = self.machine.counters();
            std::mem::replace(known, counters) != counters
        });
    }

    fn publish(&mut self) {
        if !self.work.events.is_empty() {
            self.hub.publish(self.work.events.drain(..));
        }
    }

    fn state(&mut self, state: State) {
        tracing::debug!(?state, "state");
        self.work.closed = state.is_closed();
        self.states.publish(state);
    }

    fn answer(&mut self, token: Token, answer: Answer) {
        if let Some(reply) = self.work.waiting.remove(&token) {
            // Whoever asked may have gone.
            let _ = reply.send(answer);
        }
    }

    async fn close_transport(&mut self, graceful: bool) {
        self.work.dialing.abort_all();
        self.work.backfills.abort_all();
        let Some(mut transport) = self.work.transport.take() else { return };
        if graceful {
            let goodbye = poll_fn(|cx| transport.poll_close(cx));
            let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        }
    }
}

impl Work {
    /// Reads what is there, up to a turn's worth, and pushes out what is queued.
    fn poll_transport(&mut self, cx: &mut Context<'_>) -> Poll<Option<Fault>> {
        let Some(transport) = &mut self.transport else { return Poll::Pending };
        if let Poll::Ready(Err(fault)) = transport.poll_flush(cx) {
            // What has arrived meanwhile is still worth reading: it may say why.
            while let Poll::Ready(Ok(frame)) = transport.poll_recv(cx) {
                self.inbox.push(frame);
                if self.inbox.len() >= FRAMES_PER_TURN {
                    break;
                }
            }
            return Poll::Ready(Some(fault));
        }
        while self.inbox.len() < FRAMES_PER_TURN {
            match transport.poll_recv(cx) {
                Poll::Ready(Ok(frame)) => self.inbox.push(frame),
                Poll::Ready(Err(fault)) => return Poll::Ready(Some(fault)),
                Poll::Pending if self.inbox.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(None)
    }
}

/// The present.
fn now() -> Now {
    Now { mono: Instant::now().into_std(), wall: jiff::Timestamp::now() }
}

/// One timer for all deadlines. It is moved only when it would ring too late: most deadlines move away with every frame.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    armed: bool,
}

impl Timer {
    fn new() -> Self {
        Self { sleep: Box::pin(tokio::time::sleep(Duration::ZERO)), armed: false }
    }

    fn arm(&mut self, deadline: Option<std::time::Instant>) {
        let Some(deadline) = deadline.map(Instant::from_std) else { return };
        if !self.armed || deadline < self.sleep.deadline() {
            self.sleep.as_mut().reset(deadline);
            self.armed = true;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.armed {
            return Poll::Pending;
        }
        let rung = self.sleep.as_mut().poll(cx);
        self.armed = rung.is_pending();
        rung
    }
}
