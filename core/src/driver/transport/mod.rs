//! Transports, which carry Engine.IO packets. The machine decides what they send, and when they probe the connection or
//! close it.

pub(crate) mod byte_stream;
pub(crate) mod http_refusal;
#[cfg(feature = "polling")]
pub(crate) mod polling;
mod tcp;
pub(crate) mod tls;
#[cfg(feature = "polling")]
mod upgrade_probe;
pub(crate) mod websocket;

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::session::ConnectionFailure;

/// Item received by a transport.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Engine.IO packet in text form.
    Text(Utf8Bytes),
    /// Binary attachment.
    Binary(Bytes),
    /// Sign of life below the Engine.IO layer, such as a WebSocket pong.
    Activity,
}

/// Maximum size of a frame, a polling body or a REST response that the SDK accepts, in bytes.
pub(crate) const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Carrier of Engine.IO packets. A single task polls the transport and limits the number of queued packets.
pub(crate) trait Transport: Send {
    /// Receives the next frame. An error is final.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, ConnectionFailure>>;

    /// Queues a packet.
    fn send(&mut self, packet: String);

    /// Returns the number of queued packets.
    fn queued_count(&self) -> usize;

    /// Sends queued packets. Must be called even if none are queued, because the transport may have to answer control
    /// frames.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionFailure>>;

    /// Sends queued packets and closes the session.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Requests a sign of life from the server. Returns `false` if the transport can't do so.
    fn probe(&mut self) -> bool;
}
