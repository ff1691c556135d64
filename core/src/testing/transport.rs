//! Client side of a connection in memory.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::sync::mpsc;

use crate::{
    driver::transport::{Frame, Transport},
    session::ConnectionFailure,
};

/// Item sent by the server side.
pub(super) type Inbound = Result<Frame, ConnectionFailure>;

/// State shared by both sides.
#[derive(Debug, Default)]
pub(super) struct MemoryLink {
    /// Number of probes by the client.
    pub(super) probes: AtomicU64,
    /// True if probes are ignored.
    pub(super) silent: AtomicBool,
}

/// Client side.
pub(super) struct MemoryTransport {
    pub(super) inbound: mpsc::UnboundedReceiver<Inbound>,
    pub(super) echo: mpsc::WeakUnboundedSender<Inbound>,
    pub(super) outbound: mpsc::UnboundedSender<String>,
    pub(super) outbox: VecDeque<String>,
    pub(super) link: Arc<MemoryLink>,
    pub(super) said_goodbye: bool,
}

impl MemoryTransport {
    fn flush(&mut self) -> Result<(), ConnectionFailure> {
        for packet in self.outbox.drain(..) {
            if self.outbound.send(packet).is_err() {
                return Err(ConnectionFailure::Io("broken pipe".to_owned()));
            }
        }
        Ok(())
    }
}

impl Transport for MemoryTransport {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, ConnectionFailure>> {
        let cut = || Err(ConnectionFailure::PeerClosed("the connection was cut".to_owned()));
        Poll::Ready(ready!(self.inbound.poll_recv(cx)).unwrap_or_else(cut))
    }

    fn send(&mut self, packet: String) {
        self.outbox.push_back(packet);
    }

    fn queued(&self) -> usize {
        self.outbox.len()
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionFailure>> {
        Poll::Ready(self.flush())
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.said_goodbye, true) {
            self.send(crate::eio::Packet::Close.encode());
        }
        // The other side may be gone.
        let _ = self.flush();
        Poll::Ready(())
    }

    fn probe(&mut self) -> bool {
        self.link.probes.fetch_add(1, Ordering::Relaxed);
        if !self.link.silent.load(Ordering::Relaxed)
            && let Some(echo) = self.echo.upgrade()
        {
            let _ = echo.send(Ok(Frame::Activity));
        }
        true
    }
}
