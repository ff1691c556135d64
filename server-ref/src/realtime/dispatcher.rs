//! The handling of a connection's requests: they are counted, queued, and handled one at a time in the order of their arrival.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use socketioxide::extract::{AckSender, SocketRef, TryData};

use super::connection::Connection;
use super::reply::{Failure, RequestAck, acknowledge, emit};
use super::request_payload::requested_project_id;
use super::request_queue::RequestQueue;
use super::session_slots::SessionSlotHandle;
use super::{join, replay};

pub(super) struct Dispatcher {
    connection: Arc<Connection>,
    slot_handle: SessionSlotHandle,
    queue: Mutex<RequestQueue<ClientRequest>>,
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
    /// The payload; `None` if it is missing or invalid.
    payload: Option<Value>,
    socket: SocketRef,
    ack: AckSender,
}

impl Dispatcher {
    /// Registers the handlers of a socket. The handlers only enqueue requests: socketioxide runs each handler's future in its
    /// own task, so the futures could overtake one another. No request is handled before [`Self::handle_queued_requests`] is
    /// called.
    pub(super) fn attach(connection: Arc<Connection>, slot_handle: SessionSlotHandle, socket: &SocketRef) {
        let dispatcher = Arc::new(Self { connection, slot_handle, queue: Mutex::new(RequestQueue::with_consumer()) });
        socket.extensions.insert(dispatcher.clone());
        let handler = |kind: RequestKind| {
            let dispatcher = dispatcher.clone();
            move |socket: SocketRef, TryData(payload): TryData<Value>, ack: AckSender| {
                dispatcher.enqueue_request(ClientRequest { kind, payload: payload.ok(), socket, ack });
                std::future::ready(())
            }
        };
        socket.on("join_project", handler(RequestKind::Join));
        socket.on("leave_project", handler(RequestKind::Leave));
        socket.on("replay_events", handler(RequestKind::Replay));
        socket.on("heartbeat", handler(RequestKind::Heartbeat));
        socket.on_fallback(handler(RequestKind::Unknown));
    }

    fn enqueue_request(self: &Arc<Self>, request: ClientRequest) {
        if let Err(refused) = self.slot_handle.count_event(Instant::now()) {
            if refused.is_flooding {
                tracing::warn!(sid = %request.socket.id, "disconnected a client that floods the server");
                let _ = request.socket.disconnect();
                return;
            }
            self.connection.realtime.metrics.on_socket_request_refused("rate_limited");
            return request.refuse(Failure::rate_limited(refused.retry_after));
        }
        let mut queue = self.lock_queue();
        match queue.push(request) {
            Ok(false) => {}
            Ok(true) => drop(tokio::spawn(self.clone().handle_queued_requests())),
            Err(request) => {
                drop(queue);
                request.refuse(Failure::rate_limited(Duration::from_secs(1)));
            }
        }
    }

    /// Handles requests until the queue is empty. The first call must be made after the socket has opened, because replies sent earlier are
    /// lost. A socket opens shortly after its CONNECT has been acknowledged.
    pub(super) async fn handle_queued_requests(self: Arc<Self>) {
        loop {
            let Some(request) = self.lock_queue().pop() else { return };
            self.handle(request).await;
        }
    }

    async fn handle(&self, request: ClientRequest) {
        let ClientRequest { kind, payload, socket, ack } = request;
        let connection = &*self.connection;
        let result = match kind {
            RequestKind::Join => join::on_join_project(connection, &socket, payload).await,
            RequestKind::Leave => join::on_leave_project(connection, &socket, payload),
            RequestKind::Replay => return replay::on_replay_events(connection, payload, ack).await,
            RequestKind::Heartbeat => Ok(()),
            RequestKind::Unknown => {
                let failure = Failure::invalid("Unknown event");
                return acknowledge(ack, &RequestAck::from(Err(&failure)));
            }
        };
        if let Err(failure) = &result {
            connection.realtime.metrics.on_socket_request_refused(failure.code);
            emit(&socket, failure.event_name(), failure);
        }
        acknowledge(ack, &RequestAck::from(result.as_ref().map(|&()| ())));
    }

    fn lock_queue(&self) -> MutexGuard<'_, RequestQueue<ClientRequest>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientRequest {
    /// Refuses the request, because the client sent too many requests.
    fn refuse(self, mut failure: Failure) {
        failure.project_id = requested_project_id(self.payload.as_ref()).ok().map(str::to_owned);
        match self.kind {
            RequestKind::Replay => acknowledge(self.ack, &replay::RefusedReplayAck::from(&failure)),
            _ => {
                emit(&self.socket, failure.event_name(), &failure);
                acknowledge(self.ack, &RequestAck::from(Err(&failure)));
            }
        }
    }
}
