//! One client's connection: its requests are counted, and carried out one after the other in the order they came.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use tokio::task::AbortHandle;

use super::reply::{Failure, RequestAck, acknowledge, emit};
use super::request_queue::RequestQueue;
use super::slots::Admission;
use super::{expiry, join, replay};
use crate::app::App;
use crate::auth::Principal;

pub(super) struct Connection {
    pub(super) app: Arc<App>,
    pub(super) principal: Principal,
    admission: Admission,
    state: Mutex<ConnectionState>,
    expiry: OnceLock<AbortHandle>,
}

struct ConnectionState {
    rooms: HashSet<String>,
    queue: RequestQueue<ClientRequest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestKind {
    Join,
    Leave,
    Replay,
    Heartbeat,
    Unknown,
}

struct ClientRequest {
    kind: RequestKind,
    /// `None`: there was none, or it could not be read.
    payload: Option<Value>,
    socket: SocketRef,
    ack: AckSender,
}

impl Connection {
    pub(super) fn new(app: Arc<App>, principal: Principal, admission: Admission) -> Arc<Self> {
        let state = ConnectionState { rooms: HashSet::new(), queue: RequestQueue::new() };
        app.metrics.connected();
        Arc::new(Self { app, principal, admission, state: Mutex::new(state), expiry: OnceLock::new() })
    }

    /// Registers the handlers. They only queue: a handler's future runs in a task of its own, so that requests would overtake
    /// one another.
    pub(super) fn attach(self: &Arc<Self>, socket: &SocketRef) {
        socket.extensions.insert(self.clone());
        let handler = |kind: RequestKind| {
            let this = self.clone();
            move |socket: SocketRef, TryData(payload): TryData<Value>, ack: AckSender| {
                this.on_request(ClientRequest { kind, payload: payload.ok(), socket, ack });
                std::future::ready(())
            }
        };
        socket.on("join_project", handler(RequestKind::Join));
        socket.on("leave_project", handler(RequestKind::Leave));
        socket.on("replay_events", handler(RequestKind::Replay));
        socket.on("heartbeat", handler(RequestKind::Heartbeat));
        socket.on_fallback(handler(RequestKind::Unknown));
    }

    /// Has the socket end with its credentials.
    pub(super) fn watch_expiry(self: &Arc<Self>, socket: &SocketRef) {
        if let Some(watch) = expiry::watch(self, socket) {
            // There is none yet: a socket is greeted once.
            let _ = self.expiry.set(watch);
        }
    }

    pub(super) fn has_joined(&self, project_id: &str) -> bool {
        self.state().rooms.contains(project_id)
    }

    /// Takes a place among the rooms, if one is left.
    pub(super) fn add_room(&self, project_id: &str) -> Result<(), Failure> {
        let limit = self.app.settings.limits.rooms;
        let rooms = &mut self.state().rooms;
        if limit > 0 && rooms.len() >= limit && !rooms.contains(project_id) {
            return Err(Failure::new("room_limit", format!("Too many rooms (at most {limit})")));
        }
        rooms.insert(project_id.to_owned());
        Ok(())
    }

    pub(super) fn remove_room(&self, project_id: &str) {
        self.state().rooms.remove(project_id);
    }

    /// The projects that it has joined.
    pub(super) fn rooms(&self) -> Vec<String> {
        self.state().rooms.iter().cloned().collect()
    }

    fn on_request(self: &Arc<Self>, request: ClientRequest) {
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
            self.handle(request).await;
        }
    }

    async fn handle(&self, request: ClientRequest) {
        let ClientRequest { kind, payload, socket, ack } = request;
        let result = match kind {
            RequestKind::Join => join::on_join_project(self, &socket, payload).await,
            RequestKind::Leave => join::on_leave_project(self, &socket, payload),
            RequestKind::Replay => return replay::on_replay_events(self, payload, ack).await,
            RequestKind::Heartbeat => Ok(()),
            RequestKind::Unknown => {
                let failure = Failure::invalid("Unknown event");
                return acknowledge(ack, &RequestAck::from(Err(&failure)));
            }
        };
        if let Err(failure) = &result {
            self.app.metrics.refused(failure.code);
            emit(&socket, failure.event(), failure);
        }
        acknowledge(ack, &RequestAck::from(result.as_ref().map(|&()| ())));
    }

    fn state(&self) -> MutexGuard<'_, ConnectionState> {
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

impl ClientRequest {
    /// Not carried out: too much was asked.
    fn refuse(self, mut failure: Failure) {
        failure.project_id = join::project_id(self.payload.as_ref()).ok().map(str::to_owned);
        match self.kind {
            RequestKind::Replay => acknowledge(self.ack, &replay::ReplayFailure::from(&failure)),
            _ => {
                emit(&self.socket, failure.event(), &failure);
                acknowledge(self.ack, &RequestAck::from(Err(&failure)));
            }
        }
    }
}
