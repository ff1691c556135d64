//! What a client's task has under way: its connection, the attempt at one, and who waits for an answer.

use std::{
    collections::HashMap,
    task::{Context, Poll},
};

use tokio::{sync::oneshot, task::JoinSet};

use super::{
    Dialed,
    request::Answer,
    timer::now,
    transport::{Frame, Transport},
};
use crate::session::{Backfilled, Fault, Input, Machine, Token};

/// Frames handled before commands and timers get their turn.
const FRAMES_PER_TURN: usize = 64;
/// Packets that may wait to be sent before the user's events are refused.
const EMITS_WAITING: usize = 1024;
/// Packets that may wait in all: the rest are answers to pings, of which a server could want any number.
const PACKETS_WAITING: usize = 4096;

/// What is under way.
#[derive(Default)]
pub(crate) struct Work {
    pub(super) transport: Option<Box<dyn Transport>>,
    /// At most the current attempt; aborted when it is given up, and when the client goes.
    pub(super) dialing: JoinSet<(u64, Result<Dialed, Fault>)>,
    pub(super) backfills: JoinSet<Backfilled>,
    pub(super) waiting: HashMap<Token, oneshot::Sender<Answer>>,
    pub(super) tokens: u64,
    /// More frames may be there than the last turn took.
    pub(super) full_turn: bool,
    /// The last turn was a request's: the next one is the connection's, if it has something.
    pub(super) requested: bool,
}

impl Work {
    /// Whether much waits to be sent.
    pub(super) fn is_congested(&self) -> bool {
        self.transport.as_ref().is_some_and(|transport| transport.queued() >= EMITS_WAITING)
    }

    /// Pushes out what is queued, and hands what is there to the machine, up to a turn's worth. Each frame is let go
    /// before the next one is read, so that they all use the same memory.
    pub(super) fn poll_transport(&mut self, cx: &mut Context<'_>, machine: &mut Machine) -> Poll<Option<Fault>> {
        let Some(transport) = &mut self.transport else { return Poll::Pending };
        // What has arrived when sending fails is still worth reading: it may say why.
        let unsent = match transport.poll_flush(cx) {
            Poll::Ready(Err(fault)) => Some(fault),
            _ if transport.queued() > PACKETS_WAITING => {
                Some(Fault::Io("the server takes nothing any more".to_owned()))
            }
            _ => None,
        };
        let mut present = None;
        for _ in 0..FRAMES_PER_TURN {
            match transport.poll_recv(cx) {
                Poll::Ready(Ok(frame)) => machine.take_in(*present.get_or_insert_with(now), frame.as_input()),
                Poll::Ready(Err(fault)) => return Poll::Ready(Some(unsent.unwrap_or(fault))),
                Poll::Pending if present.is_none() && unsent.is_none() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(unsent),
            }
        }
        self.full_turn = true;
        Poll::Ready(unsent)
    }
}

impl Frame {
    fn as_input(&self) -> Input<'_> {
        match self {
            Self::Text(text) => Input::Frame(text),
            Self::Binary(bytes) => Input::Binary(bytes),
            Self::Activity => Input::Activity,
        }
    }
}
