//! Engine.IO over WebSocket, with one packet per message. `permessage-deflate` is never negotiated, because the client
//! does not offer it.

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
    FRAME_BYTES_MAX, Frame, Transport,
    byte_stream::{ByteStream, open_byte_stream},
    http_refusal,
};
use crate::{
    Error, Stage,
    driver::{Endpoint, RequestAuth},
    session::ConnectionFailure,
};

/// Size of the read buffer, in bytes. tungstenite's default is 128 KiB. Before each read, tungstenite zeroes the free
/// part of the buffer, so even an idle client occupies all of it. Larger buffers were not faster, even with many
/// events.
const READ_BUFFER_BYTES: usize = 32 * 1024;

pub(crate) struct WebSocket {
    stream: WebSocketStream<Box<dyn ByteStream>>,
    /// Frame that was received while the transport was being opened.
    first_frame: Option<Frame>,
    outbox: VecDeque<Message>,
    is_closing: bool,
}

/// Reason why a WebSocket could not be opened.
pub(crate) struct WebSocketFailure {
    pub(crate) failure: ConnectionFailure,
    /// `true` if the failure suggests that WebSocket does not work: a proxy refused the tunnel that only WebSocket
    /// needs, the server or a proxy refused the upgrade, or no frame arrived over the WebSocket.
    pub(crate) should_try_polling: bool,
}

impl WebSocket {
    /// Opens a WebSocket. If `sid` is set, the WebSocket upgrades that Engine.IO session.
    pub(crate) async fn dial(
        endpoint: &Endpoint,
        auth: &RequestAuth,
        sid: Option<&str>,
    ) -> Result<Self, WebSocketFailure> {
        let io = Self::open_byte_stream(endpoint).await?;
        Self::upgrade(endpoint, auth, io, sid).await
    }

    /// Opens the byte stream for a WebSocket. If the proxy refuses a tunnel that only WebSocket needs, long-polling may
    /// still work.
    pub(crate) async fn open_byte_stream(endpoint: &Endpoint) -> Result<Box<dyn ByteStream>, WebSocketFailure> {
        open_byte_stream(endpoint).await.map_err(|failed| WebSocketFailure {
            should_try_polling: failed.is_websocket_only_tunnel_refused(endpoint),
            failure: ConnectionFailure::Dial(failed.into_error()),
        })
    }

    /// Upgrades a byte stream to a WebSocket, which takes over the Engine.IO session `sid` if it is set.
    pub(crate) async fn upgrade(
        endpoint: &Endpoint,
        auth: &RequestAuth,
        io: Box<dyn ByteStream>,
        sid: Option<&str>,
    ) -> Result<Self, WebSocketFailure> {
        let mut url = endpoint.base_url.socket_url("websocket", sid, &auth.append_to_query(&endpoint.query));
        let scheme = if endpoint.base_url.is_secure() { "wss" } else { "ws" };
        // This can't fail, because the url crate can replace one special scheme (such as http) with another.
        let _ = url.set_scheme(scheme);
        let broken = |text: String, should_try_polling| WebSocketFailure {
            failure: ConnectionFailure::Dial(Error::connect_failed(Stage::Http, text)),
            should_try_polling,
        };
        let mut request = url.as_str().into_client_request().map_err(|error| broken(error_message(&error), false))?;
        let headers = request.headers_mut();
        headers.extend(endpoint.headers.clone());
        headers
            .entry(http::header::USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("automoderate-rust/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in auth.valid_headers() {
            headers.insert(name, value);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX))
            .read_buffer_size(READ_BUFFER_BYTES);
        match client_async_with_config(request, io, Some(config)).await {
            Ok((stream, _)) => Ok(Self { stream, first_frame: None, outbox: VecDeque::new(), is_closing: false }),
            Err(tungstenite::Error::Http(answer)) => {
                let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let after = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let status = answer.status();
                let failure = http_refusal::refusal_failure(status.as_u16(), after, &body);
                Err(WebSocketFailure { failure, should_try_polling: refuses_upgrade(status) })
            }
            Err(error) => {
                let text = format!("{}: {}", endpoint.base_url.origin(), error_message(&error));
                Err(broken(text, lacks_upgrade_headers(&error)))
            }
        }
    }

    /// Waits for the first frame. If the server closes the WebSocket or violates the protocol instead, long-polling may
    /// still work. An I/O error does not suggest that WebSocket is the problem.
    pub(crate) async fn receive_first_frame(&mut self) -> Result<(), WebSocketFailure> {
        let first = poll_fn(|cx| self.poll_recv(cx)).await;
        self.first_frame = Some(first.map_err(|failure| WebSocketFailure {
            should_try_polling: !matches!(failure, ConnectionFailure::Io(_)),
            failure,
        })?);
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
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, ConnectionFailure>> {
        if let Some(first) = self.first_frame.take() {
            return Poll::Ready(Ok(first));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(Message::Text(text))) => Ok(Frame::Text(text)),
            Some(Ok(Message::Binary(bytes))) => Ok(Frame::Binary(bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Frame::Activity),
            // Don't read past CLOSE, because deployed servers may write raw HTTP after it.
            Some(Ok(Message::Close(frame))) => Err(ConnectionFailure::PeerClosed(match frame {
                Some(frame) => format!("the server closed the WebSocket with code {}", frame.code),
                None => "the server closed the WebSocket".to_owned(),
            })),
            Some(Err(error)) => Err(to_connection_failure(&error)),
            None => Err(ConnectionFailure::PeerClosed("the connection was closed".to_owned())),
        })
    }

    fn send(&mut self, packet: String) {
        self.outbox.push_back(Message::text(packet));
    }

    fn queued_count(&self) -> usize {
        self.outbox.len()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionFailure>> {
        self.poll_outbox(cx).map_err(|error| to_connection_failure(&error))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.is_closing, true) {
            self.send(crate::eio::Packet::Close.encode());
            self.outbox.push_back(Message::Close(None));
        }
        // Don't wait for the server's CLOSE, because some servers never send it and leave the TCP connection open.
        self.poll_outbox(cx).map(|_| ())
    }

    fn probe(&mut self) -> bool {
        self.outbox.push_back(Message::Ping(Bytes::new()));
        true
    }
}

/// Returns `true` if a response with this status suggests that WebSocket is refused. Invalid credentials, rate limits,
/// and a server that is down or overloaded would affect long-polling as well.
fn refuses_upgrade(status: StatusCode) -> bool {
    use StatusCode as Status;
    let about_something_else = [Status::UNAUTHORIZED, Status::REQUEST_TIMEOUT, Status::TOO_MANY_REQUESTS];
    !status.is_server_error() && !about_something_else.contains(&status)
}

/// Returns `true` if headers that an upgrade needs are missing or invalid, for example because a proxy has removed
/// them.
fn lacks_upgrade_headers(error: &tungstenite::Error) -> bool {
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

fn to_connection_failure(error: &tungstenite::Error) -> ConnectionFailure {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            ConnectionFailure::PeerClosed("the connection was closed".to_owned())
        }
        tungstenite::Error::Io(error) => ConnectionFailure::Io(error.to_string()),
        tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, .. }) => ConnectionFailure::Protocol(
            format!("the server sent a frame of {size} bytes; the SDK accepts at most {FRAME_BYTES_MAX}"),
        ),
        tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            ConnectionFailure::PeerClosed("the connection was cut".to_owned())
        }
        other => {
            ConnectionFailure::Protocol(format!("the server violated the WebSocket protocol: {}", error_message(other)))
        }
    }
}

/// Returns the message of the error. For an error about the URL, returns only the message of its cause.
fn error_message(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Url(inner) => inner.to_string(),
        other => other.to_string(),
    }
}
