//! Engine.IO over WebSocket: one packet per message. `permessage-deflate` is not offered, so it is never negotiated.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use http::{HeaderName, HeaderValue};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, error::CapacityError, protocol::WebSocketConfig},
};

use super::{
    Frame, MAX_FRAME, Transport,
    connect::{Io, connect},
    http_status,
};
use crate::{
    Error, Stage,
    driver::{Access, Environment},
    session::Fault,
};

/// Bytes. The library writes zeros over all that is free of it before each read, so that an idle client weighs it whole: 128 KiB, if it
/// is left to choose. Larger ones have not been faster with many events either.
const READ_BUFFER: usize = 32 * 1024;

/// An open WebSocket.
pub(crate) struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
    /// What was received while dialling.
    first: Option<Frame>,
    outbox: VecDeque<Message>,
    said_goodbye: bool,
}

/// Why a WebSocket could not be had, and whether polling may still be.
pub(crate) struct Refused {
    pub(crate) fault: Fault,
    /// The server, or something before it, was there but wanted no WebSocket.
    pub(crate) reachable: bool,
}

impl WebSocket {
    /// Opens a WebSocket; with `sid`, as an upgrade of that Engine.IO session.
    pub(crate) async fn dial(environment: &Environment, access: &Access, sid: Option<&str>) -> Result<Self, Refused> {
        let io = connect(environment).await.map_err(|error| Refused { fault: Fault::Dial(error), reachable: false })?;
        let mut query = environment.query.clone();
        query.extend(access.query.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
        let mut url = environment.target.socket("websocket", sid, &query);
        let scheme = if environment.target.is_secure() { "wss" } else { "ws" };
        // The url crate allows this change of scheme: both are special ones.
        let _ = url.set_scheme(scheme);
        let broken =
            |text: String| Refused { fault: Fault::Dial(Error::connect_failed(Stage::Http, text)), reachable: true };
        let mut request = url.as_str().into_client_request().map_err(|error| broken(describe(&error)))?;
        let headers = request.headers_mut();
        headers.extend(environment.headers.clone());
        headers
            .entry(http::header::USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("automoderate-rust/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &access.headers {
            if let Ok(mut value) = HeaderValue::from_str(value.expose()) {
                value.set_sensitive(true);
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME))
            .read_buffer_size(READ_BUFFER);
        match client_async_with_config(request, io, Some(config)).await {
            Ok((stream, _)) => Ok(Self { stream, first: None, outbox: VecDeque::new(), said_goodbye: false }),
            Err(tungstenite::Error::Http(answer)) => {
                let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let after = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let fault = http_status::refused(answer.status().as_u16(), after, &body);
                Err(Refused { fault, reachable: true })
            }
            Err(error) => Err(broken(format!("{}: {}", environment.target.origin(), describe(&error)))),
        }
    }

    /// Waits for the first frame, so that a WebSocket which carries nothing is found out while there is an alternative.
    pub(crate) async fn hear(&mut self) -> Result<(), Fault> {
        self.first = Some(poll_fn(|cx| self.poll_recv(cx)).await?);
        Ok(())
    }

    fn poll_outbox(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), tungstenite::Error>> {
        while !self.outbox.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_ready(cx))?;
            if let Some(message) = self.outbox.pop_front() {
                Pin::new(&mut self.stream).start_send(message)?;
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}

impl Transport for WebSocket {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, Fault>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Ok(first));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(Message::Text(text))) => Ok(Frame::Text(text)),
            Some(Ok(Message::Binary(bytes))) => Ok(Frame::Binary(bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Frame::Activity),
            // Nothing behind CLOSE is read: deployed servers may write raw HTTP there.
            Some(Ok(Message::Close(frame))) => Err(Fault::PeerClosed(match frame {
                Some(frame) => format!("the server closed the WebSocket with code {}", frame.code),
                None => "the server closed the WebSocket".to_owned(),
            })),
            Some(Err(error)) => Err(fault(&error)),
            None => Err(Fault::PeerClosed("the connection was closed".to_owned())),
        })
    }

    fn send(&mut self, packet: String) {
        self.outbox.push_back(Message::text(packet));
    }

    fn queued(&self) -> usize {
        self.outbox.len()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.poll_outbox(cx).map_err(|error| fault(&error))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.said_goodbye, true) {
            self.send(crate::eio::Packet::Close.encode());
            self.outbox.push_back(Message::Close(None));
        }
        // The server's own CLOSE is not waited for: some never send it, and leave TCP open.
        self.poll_outbox(cx).map(|_| ())
    }

    fn probe(&mut self) -> bool {
        self.outbox.push_back(Message::Ping(Bytes::new()));
        true
    }
}

fn fault(error: &tungstenite::Error) -> Fault {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            Fault::PeerClosed("the connection was closed".to_owned())
        }
        tungstenite::Error::Io(error) => Fault::Io(error.to_string()),
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            Fault::Protocol(format!("the server sent a frame of {size} bytes; the SDK takes up to {MAX_FRAME}"))
        }
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            Fault::PeerClosed("the connection was cut".to_owned())
        }
        other => Fault::Protocol(format!("the server broke the WebSocket protocol: {}", describe(other))),
    }
}

/// The error's words; those of its cause where it has no better ones.
fn describe(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Url(inner) => inner.to_string(),
        other => other.to_string(),
    }
}
