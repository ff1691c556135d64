//! Transports carry Engine.IO packets. Each does one thing: frames in, frames out, close.

pub(crate) mod connect;
pub(crate) mod http_status;
#[cfg(feature = "polling")]
pub(crate) mod polling;
mod proxy;
pub(crate) mod tls;
#[cfg(feature = "polling")]
mod upgrade;
pub(crate) mod websocket;

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::session::Fault;

/// What a transport has received.
#[derive(Debug)]
pub(crate) enum Frame {
    /// One Engine.IO packet.
    Text(Utf8Bytes),
    /// One binary attachment.
    Binary(Bytes),
    /// A sign of life below Engine.IO.
    Activity,
}

/// The most bytes of one frame or polling body that the SDK takes.
pub(crate) const MAX_FRAME: usize = 16 * 1024 * 1024;

/// A way to exchange packets. Polled by one task, which sees to it that not too many wait to be sent.
pub(crate) trait Transport: Send {
    /// The next frame. An error is final.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, Fault>>;

    /// Queues a packet.
    fn send(&mut self, packet: String);

    /// How many packets are queued.
    fn queued(&self) -> usize;

    /// Pushes queued packets towards the server. Also to be called when nothing is queued.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>>;

    /// Sends what is queued and says goodbye.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Asks the peer for a sign of life; false if the transport has no way to.
    fn probe(&mut self) -> bool;
}
