//! Engine.IO over HTTP long-polling: a pending GET for incoming packets, POSTs for outgoing packets, and the upgrade to
//! WebSocket.

mod inbox;
mod requests;

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use self::{
    inbox::Inbox,
    requests::{get_request, into_session_failure, post_request, send_and_read},
};
use super::{Frame, Transport, upgrade_probe::open_and_probe_upgrade, websocket::WebSocket};
use crate::{
    Error, Stage,
    driver::{Endpoint, HttpClient, RequestAuth},
    eio::{Handshake, Packet, PayloadRecord, decode_payload, encode_payload},
    session::ConnectionFailure,
};

type RequestFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Long-polling session, which may be upgraded to a WebSocket.
pub(crate) struct PollingTransport {
    endpoint: Arc<Endpoint>,
    auth: RequestAuth,
    http: HttpClient,
    handshake: Handshake,
    inbox: Inbox,
    outbox: VecDeque<String>,
    pending_get: Option<RequestFuture<Result<String, ConnectionFailure>>>,
    pending_post: Option<(usize, RequestFuture<Result<(), ConnectionFailure>>)>,
    pending_upgrade_probe: Option<RequestFuture<Option<WebSocket>>>,
    /// Separate request that shows whether the server is reachable, which the pending GET can't show.
    pending_liveness_probe: Option<RequestFuture<bool>>,
    /// WebSocket that was probed successfully. It takes over once neither a GET nor a POST of the session is pending and
    /// all received packets have been read.
    upgrade_ready_socket: Option<WebSocket>,
    upgraded_socket: Option<WebSocket>,
    is_closing: bool,
    /// Reason why the session has ended. Frames that arrived earlier are still delivered.
    failure: Option<ConnectionFailure>,
}

impl PollingTransport {
    /// Opens a session with a first GET. If `upgrade` is `true` and the server offers WebSocket, also prepares the
    /// probe of a WebSocket.
    pub(crate) async fn dial(
        endpoint: Arc<Endpoint>,
        auth: RequestAuth,
        upgrade: bool,
    ) -> Result<Self, ConnectionFailure> {
        let http = endpoint.http_client().map_err(ConnectionFailure::Dial)?;
        let request = get_request(&endpoint, &http, &auth, None);
        let body = send_and_read(&endpoint, request).await?;
        let handshake = match decode_payload(&body).next() {
            Some(PayloadRecord::Text(text)) => match Packet::decode(&text) {
                Ok(Packet::Open(data)) => Handshake::decode(data).ok(),
                _ => None,
            },
            _ => None,
        };
        let Some(handshake) = handshake else {
            let text = "the server's first response is not an Engine.IO handshake";
            return Err(ConnectionFailure::Dial(Error::connect_failed(Stage::EngineIo, text)));
        };
        let upgraded = upgrade && handshake.offers_websocket();
        let probing: Option<RequestFuture<_>> = upgraded
            .then(|| Box::pin(open_and_probe_upgrade(endpoint.clone(), auth.clone(), handshake.sid.clone())) as _);
        Ok(Self {
            endpoint,
            auth,
            http,
            handshake,
            inbox: Inbox::new(body),
            outbox: VecDeque::new(),
            pending_get: None,
            pending_post: None,
            pending_upgrade_probe: probing,
            pending_liveness_probe: None,
            upgrade_ready_socket: None,
            upgraded_socket: None,
            is_closing: false,
            failure: None,
        })
    }

    /// Ends the session after a failed request. Returns the reason.
    fn fail(&mut self, failure: ConnectionFailure) -> ConnectionFailure {
        self.pending_post = None;
        self.failure.insert(into_session_failure(failure)).clone()
    }

    fn poll_posts(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionFailure>> {
        loop {
            if let Some(failure) = &self.failure {
                return Poll::Ready(Err(failure.clone()));
            }
            if let Some((count, post)) = &mut self.pending_post {
                match post.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(failure)) => return Poll::Ready(Err(self.fail(failure))),
                    Poll::Ready(Ok(())) => {
                        self.outbox.drain(..*count);
                        self.pending_post = None;
                    }
                }
            }
            if self.outbox.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let packets = self.outbox.iter().map(String::as_str);
            let (body, count) = encode_payload(packets, self.handshake.max_payload);
            let request = post_request(&self.endpoint, &self.http, &self.auth, &self.handshake.sid, body);
            let endpoint = self.endpoint.clone();
            self.pending_post =
                Some((count, Box::pin(async move { send_and_read(&endpoint, request).await.map(|_| ()) })));
        }
    }

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, ConnectionFailure>> {
        loop {
            if let Some(frame) = self.inbox.next() {
                return Poll::Ready(Ok(frame));
            }
            match (&mut self.pending_get, &self.failure) {
                (None, Some(failure)) => return Poll::Ready(Err(failure.clone())),
                // The WebSocket is about to take over, so no new poll is started.
                (None, None) if self.upgrade_ready_socket.is_some() => return Poll::Pending,
                (None, None) => {
                    let request = get_request(&self.endpoint, &self.http, &self.auth, Some(&self.handshake.sid));
                    let endpoint = self.endpoint.clone();
                    self.pending_get = Some(Box::pin(async move { send_and_read(&endpoint, request).await }));
                }
                (Some(get), failed) => match get.as_mut().poll(cx) {
                    Poll::Pending => return failed.clone().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure))),
                    Poll::Ready(Err(failure)) => {
                        self.pending_get = None;
                        return Poll::Ready(Err(self.fail(failure)));
                    }
                    Poll::Ready(Ok(body)) => {
                        self.pending_get = None;
                        self.inbox = Inbox::new(body);
                    }
                },
            }
        }
    }

    /// Lets the WebSocket take over after a successful probe, once neither a GET nor a POST of the session is pending and
    /// all received packets have been read.
    fn poll_upgrade(&mut self, cx: &mut Context<'_>) {
        if let Some(probing) = &mut self.pending_upgrade_probe
            && let Poll::Ready(result) = probing.as_mut().poll(cx)
        {
            self.pending_upgrade_probe = None;
            self.upgrade_ready_socket = result;
        }
        if self.pending_get.is_none()
            && self.pending_post.is_none()
            && self.inbox.is_empty()
            && let Some(mut socket) = self.upgrade_ready_socket.take()
        {
            socket.send(Packet::Upgrade.encode());
            for packet in self.outbox.drain(..) {
                socket.send(packet);
            }
            self.upgraded_socket = Some(socket);
        }
    }
}

impl Transport for PollingTransport {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, ConnectionFailure>> {
        if let Some(check) = &mut self.pending_liveness_probe
            && let Poll::Ready(is_reachable) = check.as_mut().poll(cx)
        {
            self.pending_liveness_probe = None;
            if is_reachable {
                return Poll::Ready(Ok(Frame::Activity));
            }
        }
        loop {
            if let Some(socket) = &mut self.upgraded_socket {
                return socket.poll_recv(cx);
            }
            if let Poll::Ready(Err(_)) = self.poll_flush(cx) {
                return self.poll_get(cx);
            }
            self.poll_upgrade(cx);
            if self.upgraded_socket.is_none() {
                let frame = self.poll_get(cx);
                if frame.is_ready() || self.pending_get.is_some() || self.upgrade_ready_socket.is_none() {
                    return frame;
                }
                // The last poll has ended, so the WebSocket may be able to take over now.
                if self.pending_post.is_some() {
                    return Poll::Pending;
                }
            }
            if let Some(socket) = &mut self.upgraded_socket
                && let Poll::Ready(Err(failure)) = socket.poll_flush(cx)
            {
                return Poll::Ready(Err(failure));
            }
        }
    }

    fn send(&mut self, packet: String) {
        match &mut self.upgraded_socket {
            Some(socket) => socket.send(packet),
            None => self.outbox.push_back(packet),
        }
    }

    fn queued_count(&self) -> usize {
        self.upgraded_socket.as_ref().map_or(self.outbox.len(), WebSocket::queued_count)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionFailure>> {
        match &mut self.upgraded_socket {
            Some(socket) => socket.poll_flush(cx),
            // Packets are held back until the WebSocket takes over, so that they stay in order.
            None if self.upgrade_ready_socket.is_some() && self.pending_post.is_none() => Poll::Ready(Ok(())),
            None => self.poll_posts(cx),
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(socket) = &mut self.upgraded_socket {
            return socket.poll_close(cx);
        }
        self.upgrade_ready_socket = None;
        if !std::mem::replace(&mut self.is_closing, true) {
            self.outbox.push_back(Packet::Close.encode());
        }
        self.poll_posts(cx).map(|_| ())
    }

    fn probe(&mut self) -> bool {
        if let Some(socket) = &mut self.upgraded_socket {
            return socket.probe();
        }
        // Engine.IO has no packet for this purpose that every server accepts. Any HTTP response is a sign of life.
        let request = self.http.get(self.endpoint.base_url.join("api/health"));
        self.pending_liveness_probe = Some(Box::pin(async move { request.send().await.is_ok() }));
        true
    }
}
