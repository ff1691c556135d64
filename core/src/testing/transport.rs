//! The client's end of a connection in memory.

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
    session::Fault,
};

/// What the server's end has for the client.
pub(super) type Inbound = Result<Frame, Fault>;

/// What both ends see.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Signs of life that the client has asked for.
    pub(super) probes: AtomicU64,
    /// Whether they are left unanswered.
    pub(super) silent: AtomicBool,
}

/// The client's end.
pub(super) struct Wire {
    pub(super) inbound: mpsc::UnboundedReceiver<Inbound>,
    pub(super) echo: mpsc::WeakUnboundedSender<Inbound>,
    pub(super) outbound: mpsc::UnboundedSender<String>,
    pub(super) outbox: VecDeque<String>,
    pub(super) link: Arc<Link>,
    pub(super) said_goodbye: bool,
}

impl Wire {
    fn flush(&mut self) -> Result<(), Fault> {
        for packet in self.outbox.drain(..) {
            if self.outbound.send(packet).is_err() {
                return Err(Fault::Io("broken pipe".to_owned()));
            }
        }
        Ok(())
    }
}

impl Transport for Wire {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, Fault>> {
        let cut = || Err(Fault::PeerClosed("the connection was cut".to_owned()));
        Poll::Ready(ready!(self.inbound.poll_recv(cx)).unwrap_or_else(cut))
    }

    fn send(&mut self, packet: String) {
        self.outbox.push_back(packet);
    }

    fn queued(&self) -> usize {
        self.outbox.len()
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(self.flush())
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.said_goodbye, true) {
            self.send(crate::eio::Packet::Close.encode());
        }
        // Nobody may be left to say goodbye to.
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
