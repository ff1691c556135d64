//! Client side of an in-memory connection.

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

/// Frame that the server side sends, or the failure with which it ends the connection.
pub(super) type Inbound = Result<Frame, ConnectionFailure>;

/// State shared by both sides of a connection.
#[derive(Debug, Default)]
pub(super) struct MemoryLink {
    /// Number of probes that the client has sent.
    pub(super) probe_count: AtomicU64,
    /// True if the server side ignores probes.
    pub(super) ignores_probes: AtomicBool,
}

/// Transport that the client uses, connected to the server side by channels.
pub(super) struct MemoryTransport {
    pub(super) inbound: mpsc::UnboundedReceiver<Inbound>,
    /// Sender of replies to probes. The sender is weak, so that it does not keep the connection open.
    pub(super) probe_replies: mpsc::WeakUnboundedSender<Inbound>,
    pub(super) outbound: mpsc::UnboundedSender<String>,
    /// Packets that have not been flushed.
    pub(super) unsent: VecDeque<String>,
    pub(super) link: Arc<MemoryLink>,
    pub(super) has_sent_close: bool,
}

impl MemoryTransport {
    fn flush(&mut self) -> Result<(), ConnectionFailure> {
        for packet in self.unsent.drain(..) {
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
        self.unsent.push_back(packet);
    }

    fn queued_count(&self) -> usize {
        self.unsent.len()
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionFailure>> {
        Poll::Ready(self.flush())
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.has_sent_close, true) {
            self.send(crate::eio::Packet::Close.encode());
        }
        // Flushing fails if the server side has been dropped.
        let _ = self.flush();
        Poll::Ready(())
    }

    fn probe(&mut self) -> bool {
        self.link.probe_count.fetch_add(1, Ordering::Relaxed);
        if !self.link.ignores_probes.load(Ordering::Relaxed)
            && let Some(replies) = self.probe_replies.upgrade()
        {
            let _ = replies.send(Ok(Frame::Activity));
        }
        true
    }
}
