//! One client's connection: its requests are counted, and carried out one after the other in the order they came.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use tokio::task::AbortHandle;

use super::queue::Queue;
use super::reply::{Done, Failure, acknowledge, emit};
use super::slots::Admission;
use super::{expiry, join, replay};
use crate::app::App;
use crate::auth::Principal;

pub(super) struct Connection {
    pub(super) app: Arc<App>,
    pub(super) principal: Principal,
    admission: Admission,
    state: Mutex<State>,
    expiry: OnceLock<AbortHandle>,
}

struct State {
    rooms: HashSet<String>,
    queue: Queue<Request>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Join,
    Leave,
    Replay,
    Heartbeat,
    Unknown,
}

struct Request {
    kind: Kind,
    /// `None`: there was none, or it could not be read.
    payload: Option<Value>,
    socket: SocketRef,
    ack: AckSender,
}

impl Connection {
    pub(super) fn new(app: Arc<App>, principal: Principal, admission: Admission) -> Arc<Self> {
        let state = State { rooms: HashSet::new(), queue: Queue::new() };
        app.metrics.connected();
        Arc::new(Self { app, principal, admission, state: Mutex::new(state), expiry: OnceLock::new() })
    }

    /// Registers the handlers. They only queue: a handler's future runs in a task of its own, so that requests would overtake
    /// one another.
    pub(super) fn attach(self: &Arc<Self>, socket: &SocketRef) {
        socket.extensions.insert(self.clone());
        let handler = |kind: Kind| {
            let this = self.clone();
            move |socket: SocketRef, TryData(payload): TryData<Value>, ack: AckSender| {
                this.accept(Request { kind, payload: payload.ok(), socket, ack });
                std::future::ready(())
            }
        };
        socket.on("join_project", handler(Kind::Join));
        socket.on("leave_project", handler(Kind::Leave));
        socket.on("replay_events", handler(Kind::Replay));
        socket.on("heartbeat", handler(Kind::Heartbeat));
        socket.on_fallback(handler(Kind::Unknown));
    }

    /// Has the socket end with its credentials.
    pub(super) fn expires(self: &Arc<Self>, socket: &SocketRef) {
        if let Some(watch) = expiry::watch(self, socket) {
            // There is none yet: a socket is greeted once.
            let _ = self.expiry.set(watch);
        }
    }

    pub(super) fn has_joined(&self, project_id: &str) -> bool {
        self.state().rooms.contains(project_id)
    }

    /// Takes a place among the rooms, if one is left.
    pub(super) fn enter(&self, project_id: &str) -> Result<(), Failure> {
        let limit = self.app.settings.limits.rooms;
        let rooms = &mut self.state().rooms;
        if limit > 0 && rooms.len() >= limit && !rooms.contains(project_id) {
            return Err(Failure::new("room_limit", format!("Too many rooms (at most {limit})")));
        }
        rooms.insert(project_id.to_owned());
        Ok(())
    }

    pub(super) fn exit(&self, project_id: &str) {
        self.state().rooms.remove(project_id);
    }

    /// The projects that it has joined.
    pub(super) fn rooms(&self) -> Vec<String> {
        self.state().rooms.iter().cloned().collect()
    }

    fn accept(self: &Arc<Self>, request: Request) {
        if let Err(refused) = self.admission.count_event(Instant::now()) {
            if refused.is_flooding {
                tracing::warn!(sid = %request.socket.id, "disconnected: it floods the server");
                let _ = request.socket.disconnect();
                return;
            }
            self.app.metrics.refused("rate_limited");
            return request.refuse(Failure::rate_limited(refused.retry_after));
        }
        let mut state = self.state();
        match state.queue.push(request) {
            Ok(false) => {}
            Ok(true) => drop(tokio::spawn(self.clone().run())),
            Err(request) => {
                drop(state);
                request.refuse(Failure::rate_limited(Duration::from_secs(1)));
            }
        }
    }

    /// Carries out what has been asked, and what is asked meanwhile. The first time is when the socket is open: it counts as
    /// connected only some time after the acknowledgement of CONNECT has gone out, and takes no reply before that.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            let Some(request) = self.state().queue.next() else { return };
            self.carry_out(request).await;
        }
    }

    async fn carry_out(&self, request: Request) {
        let Request { kind, payload, socket, ack } = request;
        let result = match kind {
            Kind::Join => join::join(self, &socket, payload).await,
            Kind::Leave => join::leave(self, &socket, payload),
            Kind::Replay => return replay::replay(self, payload, ack).await,
            Kind::Heartbeat => Ok(()),
            Kind::Unknown => {
                let failure = Failure::invalid("Unknown event");
                return acknowledge(ack, &Done::from(Err(&failure)));
            }
        };
        if let Err(failure) = &result {
            self.app.metrics.refused(failure.code);
            emit(&socket, failure.event(), failure);
        }
        acknowledge(ack, &Done::from(result.as_ref().map(|&()| ())));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.app.metrics.disconnected();
        if let Some(watch) = self.expiry.get() {
            watch.abort();
        }
    }
}

impl Request {
    /// Not carried out: too much was asked.
    fn refuse(self, mut failure: Failure) {
        failure.project_id = join::project_id(self.payload.as_ref()).ok().map(str::to_owned);
        match self.kind {
            Kind::Replay => acknowledge(self.ack, &replay::Refused::from(&failure)),
            _ => {
                emit(&self.socket, failure.event(), &failure);
                acknowledge(self.ack, &Done::from(Err(&failure)));
            }
        }
    }
}
