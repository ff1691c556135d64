//! Engine.IO over WebSocket: one packet per message. `permessage-deflate` is not offered, so it is never negotiated.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use http::{HeaderValue, StatusCode};
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
    driver::{Environment, RequestAuth},
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

/// Why no WebSocket was opened.
pub(crate) struct Refused {
    pub(crate) fault: Fault,
    /// The failure is evidence against WebSocket: an answer that refuses the upgrade, or a WebSocket that carries nothing.
    pub(crate) wants_polling: bool,
}

impl WebSocket {
    /// Opens a WebSocket; with `sid`, as an upgrade of that Engine.IO session.
    pub(crate) async fn dial(
        environment: &Environment,
        auth: &RequestAuth,
        sid: Option<&str>,
    ) -> Result<Self, Refused> {
        let io = Self::reach(environment).await?;
        Self::upgrade(environment, auth, io, sid).await
    }

    /// Opens the byte stream that the WebSocket uses.
    pub(crate) async fn reach(environment: &Environment) -> Result<Box<dyn Io>, Refused> {
        connect(environment).await.map_err(|failed| Refused {
            wants_polling: failed.is_tunnel_refused(environment),
            fault: Fault::Dial(failed.into_error()),
        })
    }

    /// Asks the server for a WebSocket on this byte stream.
    pub(crate) async fn upgrade(
        environment: &Environment,
        auth: &RequestAuth,
        io: Box<dyn Io>,
        sid: Option<&str>,
    ) -> Result<Self, Refused> {
        let mut url = environment.target.socket("websocket", sid, &auth.query_after(&environment.query));
        let scheme = if environment.target.is_secure() { "wss" } else { "ws" };
        // The url crate allows this change of scheme: both are special ones.
        let _ = url.set_scheme(scheme);
        let broken = |text: String, wants_polling| Refused {
            fault: Fault::Dial(Error::connect_failed(Stage::Http, text)),
            wants_polling,
        };
        let mut request = url.as_str().into_client_request().map_err(|error| broken(describe(&error), false))?;
        let headers = request.headers_mut();
        headers.extend(environment.headers.clone());
        headers
            .entry(http::header::USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("automoderate-rust/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in auth.header_values() {
            headers.insert(name, value);
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
                let status = answer.status();
                let fault = http_status::refused(status.as_u16(), after, &body);
                Err(Refused { fault, wants_polling: refuses_upgrade(status) })
            }
            Err(error) => {
                let text = format!("{}: {}", environment.target.origin(), describe(&error));
                Err(broken(text, is_answered_wrongly(&error)))
            }
        }
    }

    /// Waits for the first frame, so that a WebSocket which carries nothing is found out while there is an alternative.
    pub(crate) async fn hear(&mut self) -> Result<(), Refused> {
        let first = poll_fn(|cx| self.poll_recv(cx)).await;
        self.first = Some(first.map_err(|fault| Refused { wants_polling: !matches!(fault, Fault::Io(_)), fault })?);
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

/// Whether an answer with this status refuses WebSocket. Credentials and limits would refuse polling as well, and a server
/// that is down or overloaded says nothing about transports.
fn refuses_upgrade(status: StatusCode) -> bool {
    use StatusCode as Status;
    let about_something_else = [Status::UNAUTHORIZED, Status::REQUEST_TIMEOUT, Status::TOO_MANY_REQUESTS];
    !status.is_server_error() && !about_something_else.contains(&status)
}

/// Whether the answer lacks what makes it one to an upgrade, as when something on the way has removed it.
fn is_answered_wrongly(error: &tungstenite::Error) -> bool {
    use tungstenite::error::ProtocolError;
    matches!(
        error,
        tungstenite::Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader
                | ProtocolError::MissingUpgradeWebSocketHeader
                | ProtocolError::SecWebSocketAcceptKeyMismatch
                | ProtocolError::InvalidHeader(_)
        )
    )
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
